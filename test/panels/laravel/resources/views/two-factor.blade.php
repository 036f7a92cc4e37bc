@extends('layout')
@section('title', 'Two Factor')
@section('content')
<h1>The panel's own two factor page</h1>
@endsection
