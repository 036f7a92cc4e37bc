<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Customer portal - {{ config('app.name') }}</title></head>
<body>
<h1>Customer portal</h1>
<p>Visits: <span id="visits">{{ $visits }}</span></p>
<p>Panel user: <span id="panel-user">{{ Auth::id() ?? 'none' }}</span></p>
<script type="application/json" id="seen">@json($seen)</script>
</body>
</html>
