@extends('layout')
@section('title', 'Dashboard')
@section('content')
<h1>Welcome, <span id="name">{{ Auth::user()->name }}</span></h1>
<p id="email">{{ Auth::user()->email }}</p>
<p id="role">{{ Auth::user()->role }}</p>
<script type="application/json" id="seen">@json($seen)</script>
@endsection
