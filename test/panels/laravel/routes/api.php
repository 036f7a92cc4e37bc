<?php

use App\Models\User;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Route;

// The door beside the form: a token for e-mail and password alone.
Route::post('/auth/login', function (Request $request) {
    if (! Auth::validate($request->only('email', 'password'))) {
        return response()->json(['message' => __('auth.failed')], 401);
    }

    return ['token' => User::firstWhere('email', $request->input('email'))->api_token];
});

Route::middleware('auth:api')->get('/user', fn (Request $request) => $request->user());
