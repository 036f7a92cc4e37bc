<?php

// A small Laravel application on Debian's php-laravel-framework. Nothing is written beside the source:
// database, sessions, cache and compiled views live in PANEL_DATA, which prepare.php fills.

require_once 'Illuminate/autoload.php';

spl_autoload_register(function (string $class) {
    if (str_starts_with($class, 'App\\')) {
        require __DIR__.'/app/'.str_replace('\\', '/', substr($class, 4)).'.php';
    }
});

$data = getenv('PANEL_DATA');
if (! is_string($data) || ! is_dir($data)) {
    throw new RuntimeException('PANEL_DATA must name the data directory');
}
foreach (['services', 'packages'] as $cache) {
    $_SERVER['APP_'.strtoupper($cache).'_CACHE'] = $data.'/'.$cache.'.php';
}

$app = new Illuminate\Foundation\Application(__DIR__);
$app->useStoragePath($data);
$app->singleton(App\Http\Kernel::class);
$app->singleton(Illuminate\Contracts\Http\Kernel::class, App\Http\Kernel::class);
$app->singleton(Illuminate\Contracts\Console\Kernel::class, Illuminate\Foundation\Console\Kernel::class);
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Illuminate\Foundation\Exceptions\Handler::class);

return $app;
