@extends('layout')
@section('title', 'Upload')
@section('content')
<form method="post" action="{{ url('/upload') }}" enctype="multipart/form-data" id="upload">
    @csrf
    <input type="file" name="file">
    <button type="submit">Upload</button>
</form>
@endsection
