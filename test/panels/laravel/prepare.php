<?php

// Makes the data directory ready, once, before the first request: key, database, users.

use App\Models\User;
use Illuminate\Contracts\Console\Kernel;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Hash;
use Illuminate\Support\Facades\Schema;

$data = getenv('PANEL_DATA');
foreach (['sessions', 'cache', 'views', 'logs'] as $directory) {
    is_dir("$data/$directory") || mkdir("$data/$directory", 0700, true);
}
file_put_contents("$data/app.key", 'base64:'.base64_encode(random_bytes(32)));
touch("$data/panel.sqlite");

$app = require __DIR__.'/bootstrap.php';
$app->make(Kernel::class)->bootstrap();

Schema::create('users', function ($table) {
    $table->id();
    $table->string('name');
    $table->string('email')->unique();
    $table->string('role');
    $table->string('password');
    $table->rememberToken();
    $table->string('api_token', 80)->nullable();
});

$users = ['admin' => 'super_admin', 'operator' => 'operator', 'plain' => 'accountant'];
for ($i = 1; $i <= 300; $i++) {
    $users["user$i"] = 'operator'; // a fresh one for each test
}
for ($i = 1; $i <= 5; $i++) {
    $users["second$i"] = 'operator'; // with a second factor in the panel itself
}
$password = Hash::make('secret-password');
DB::transaction(function () use ($users, $password) {
    foreach ($users as $name => $role) {
        User::forceCreate([
            'name' => ucfirst($name).' Example',
            'email' => "$name@example.test",
            'role' => $role,
            'password' => $password,
            'api_token' => bin2hex(random_bytes(20)),
        ]);
    }
});
