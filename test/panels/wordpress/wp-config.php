<?php
// WordPress as Debian packages it, on a database of its own; settings come from the environment.
define('DB_NAME', getenv('PANEL_DB_NAME'));
define('DB_USER', 'ispgate');
define('DB_PASSWORD', getenv('PANEL_DB_PASSWORD'));
define('DB_HOST', getenv('PANEL_DB_ADDRESS'));
define('DB_CHARSET', 'utf8mb4');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $key) {
    define($key, 'only for tests ' . $key);
}
// As Debian's own wp-config.php does it.
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') {
    $_SERVER['HTTPS'] = 'on';
}
$origin = (($_SERVER['HTTPS'] ?? '') === 'on' ? 'https' : 'http') . '://' . ($_SERVER['HTTP_HOST'] ?? 'localhost');
define('WP_HOME', $origin);
define('WP_SITEURL', $origin);
define('WP_HTTP_BLOCK_EXTERNAL', true); // nothing is asked of the world
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
