<?php

use Illuminate\Auth\AuthServiceProvider;
use Illuminate\Bus\BusServiceProvider;
use Illuminate\Cache\CacheServiceProvider;
use Illuminate\Cookie\CookieServiceProvider;
use Illuminate\Database\DatabaseServiceProvider;
use Illuminate\Encryption\EncryptionServiceProvider;
use Illuminate\Filesystem\FilesystemServiceProvider;
use Illuminate\Foundation\Providers\FoundationServiceProvider;
use Illuminate\Hashing\HashServiceProvider;
use Illuminate\Pipeline\PipelineServiceProvider;
use Illuminate\Session\SessionServiceProvider;
use Illuminate\Translation\TranslationServiceProvider;
use Illuminate\Validation\ValidationServiceProvider;
use Illuminate\View\ViewServiceProvider;

return [
    'name' => 'Example ISP',
    'env' => 'production',
    'debug' => false,
    'url' => 'http://localhost',
    'timezone' => 'Asia/Dhaka',
    'locale' => 'en',
    'fallback_locale' => 'en',
    'key' => file_get_contents(storage_path('app.key')),
    'cipher' => 'AES-256-CBC',
    // Empty: a panel that was never told about a proxy and writes http:// wherever it writes an absolute URL.
    'trusted_proxies' => getenv('PANEL_TRUSTED_PROXIES') === false ? '127.0.0.1' : getenv('PANEL_TRUSTED_PROXIES'),
    'providers' => [
        AuthServiceProvider::class,
        BusServiceProvider::class,
        CacheServiceProvider::class,
        CookieServiceProvider::class,
        DatabaseServiceProvider::class,
        EncryptionServiceProvider::class,
        FilesystemServiceProvider::class,
        FoundationServiceProvider::class,
        HashServiceProvider::class,
        PipelineServiceProvider::class,
        SessionServiceProvider::class,
        TranslationServiceProvider::class,
        ValidationServiceProvider::class,
        ViewServiceProvider::class,
        App\RouteServiceProvider::class,
    ],
    'aliases' => ['Auth' => Illuminate\Support\Facades\Auth::class],
];
