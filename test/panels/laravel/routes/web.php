<?php

use App\Http\Requests\LoginRequest;
use App\Models\User;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Route;

// What the panel sees of a request; tests read it to learn what the gateway passed on. Cookie values stay out of pages.
$seen = fn (Request $request) => [
    'ip' => $request->ip(),
    'url' => $request->fullUrl(),
    'uri' => $request->server('REQUEST_URI'),
    'headers' => collect($request->server())
        ->filter(fn ($value, $key) => str_starts_with($key, 'HTTP_') && $key !== 'HTTP_COOKIE')->all(),
    'cookies' => array_keys($_COOKIE),
];

Route::redirect('/', '/dashboard');

Route::middleware('guest')->group(function () {
    Route::view('/login', 'login')->name('login');
    Route::post('/login', function (LoginRequest $request) {
        $request->authenticate();
        // As Fortify does it: who has a second factor in the panel is not logged in yet.
        if (str_starts_with(Auth::user()->email, 'second')) {
            $request->session()->put('login.id', Auth::id());
            Auth::guard('web')->logoutCurrentDevice();

            return redirect('/two-factor-challenge');
        }
        $request->session()->regenerate();

        return redirect()->intended('/dashboard');
    });
});

Route::middleware('guest')->group(function () {
    Route::get('/two-factor-challenge', fn (Request $request) => $request->session()->has('login.id') ? view('challenge') : redirect('/login'));
    Route::post('/two-factor-challenge', function (Request $request) {
        $id = $request->session()->get('login.id');
        if (! $id || $request->input('code') !== '424242') {
            return redirect('/two-factor-challenge')->withErrors(['code' => 'The provided code was invalid.']);
        }
        $request->session()->forget('login.id');
        Auth::loginUsingId($id);
        $request->session()->regenerate();

        return redirect('/dashboard');
    });
});

Route::middleware('auth')->group(function () use ($seen) {
    Route::get('/dashboard', fn (Request $request) => view('dashboard', ['seen' => $seen($request)]));
    Route::get('/debug/headers', fn (Request $request) => response()->json($seen($request) + ['cookie' => $request->server('HTTP_COOKIE')]));
    Route::get('/data', fn () => ['user' => Auth::id(), 'customers' => [['id' => 1, 'name' => 'Rahim'], ['id' => 2, 'name' => 'Karim']]]);
    Route::view('/profile', 'profile');
    Route::post('/profile', function (Request $request) {
        $request->user()->forceFill($request->validate(['name' => 'required|string']))->save();

        return redirect('/profile')->with('status', 'Saved.');
    });
    Route::view('/upload', 'upload');
    Route::post('/upload', function (Request $request) {
        $file = $request->validate(['file' => 'required|file'])['file'];

        return ['name' => $file->getClientOriginalName(), 'size' => $file->getSize(), 'sha256' => hash_file('sha256', $file->path())];
    });
    Route::view('/admin/two-factor-authentication', 'two-factor');
    Route::view('/admin/change-password', 'profile');
    // "Log in as operator": the panel session changes hands and remembers it.
    Route::post('/admin/login-as/{user}', function (Request $request, User $user) {
        abort_unless($request->user()->role === 'super_admin', 403);
        Auth::login($user, true);

        return redirect('/dashboard');
    });
    Route::post('/logout', function (Request $request) {
        Auth::guard('web')->logout();
        $request->session()->invalidate();
        $request->session()->regenerateToken();

        return redirect('/login');
    });
});

Route::get('/customer/portal', function (Request $request) use ($seen) {
    $request->session()->increment('visits');

    return view('portal', ['visits' => $request->session()->get('visits'), 'seen' => $seen($request)]);
});

Route::post('/bkash/customer_payment/callback', fn (Request $request) => response()->json(['received' => $request->input('paymentID')]));
