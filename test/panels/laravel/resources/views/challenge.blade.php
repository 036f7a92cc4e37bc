<!doctype html>
<title>Second step of the panel</title>
<form id="challenge" method="POST" action="/two-factor-challenge">
    @csrf
    <p class="error">{{ $errors->first('code') }}</p>
    <input name="code" autocomplete="one-time-code">
    <button>Go on</button>
</form>
