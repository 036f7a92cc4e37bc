<?php

namespace App\Http\Middleware;

use Closure;
use Illuminate\Http\Request;

// ISPBills answers 500 to requests without a User-Agent.
class RequireUserAgent
{
    public function handle(Request $request, Closure $next)
    {
        abort_if((string) $request->userAgent() === '', 500);

        return $next($request);
    }
}
