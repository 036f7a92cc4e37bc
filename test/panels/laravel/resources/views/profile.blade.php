@extends('layout')
@section('title', 'Profile')
@section('content')
<form method="post" action="{{ url('/profile') }}" id="profile">
    @csrf
    <label for="name">Name</label>
    <input id="name" name="name" value="{{ Auth::user()->name }}">
    <button type="submit">Save</button>
</form>
@endsection
