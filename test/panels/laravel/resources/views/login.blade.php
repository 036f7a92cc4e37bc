@extends('layout')
@section('title', 'Log in')
@section('content')
<form method="POST" action="{{ route('login') }}">
    @csrf
    <label for="email">Email</label>
    <input id="email" type="email" name="email" value="{{ old('email') }}" required autofocus>
    <label for="password">Password</label>
    <input id="password" type="password" name="password" required autocomplete="current-password">
    <label for="remember_me"><input id="remember_me" type="checkbox" name="remember"> Remember me</label>
    <button type="submit">Log in</button>
</form>
@endsection
