<!doctype html>
<html lang="en">
<head>
    <meta charset="utf-8">
    <meta name="csrf-token" content="{{ csrf_token() }}">
    @auth
    <meta name="user-id" content="{{ Auth::id() }}">
    @endauth
    <title>@yield('title') - {{ config('app.name') }}</title>
</head>
<body>
@auth
<nav>
    <a href="{{ url('/dashboard') }}">Dashboard</a>
    <a href="{{ url('/profile') }}">Profile</a>
    <a href="{{ url('/upload') }}">Upload</a>
    <a href="{{ url('/admin/two-factor-authentication') }}">Two Factor</a>
    <form method="post" action="{{ url('/logout') }}" id="logout">
        @csrf
        <button type="submit">Log Out</button>
    </form>
</nav>
@endauth
@if (session('status'))
<p class="status">{{ session('status') }}</p>
@endif
@foreach ($errors->all() as $error)
<p class="error">{{ $error }}</p>
@endforeach
@yield('content')
</body>
</html>
