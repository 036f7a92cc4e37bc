<?php

// SQLite compares names as bytes; PANEL_DB_ADDRESS names a MariaDB whose collation takes case, accents and trailing blanks for
// nothing, as old panels have it.
[$host, $port] = explode(':', getenv('PANEL_DB_ADDRESS') ?: ':');

return [
    'default' => $host === '' ? 'sqlite' : 'mysql',
    'connections' => [
        'sqlite' => ['driver' => 'sqlite', 'database' => storage_path('panel.sqlite'), 'prefix' => ''],
        'mysql' => [
            'driver' => 'mysql', 'host' => $host, 'port' => $port, 'database' => getenv('PANEL_DB_NAME'), 'username' => 'ispgate',
            'password' => getenv('PANEL_DB_PASSWORD'), 'charset' => 'utf8mb4', 'collation' => 'utf8mb4_general_ci', 'prefix' => '',
        ],
    ],
];
