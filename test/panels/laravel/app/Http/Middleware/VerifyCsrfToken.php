<?php

namespace App\Http\Middleware;

use Illuminate\Foundation\Http\Middleware\VerifyCsrfToken as Middleware;

class VerifyCsrfToken extends Middleware
{
    // A payment gateway sends the customer back by a form of its own.
    protected $except = ['bkash/customer_payment/*'];
}
