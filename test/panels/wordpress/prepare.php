<?php
// Installs the site: prepare.php DOCROOT PASSWORD ADMIN SUBSCRIBER…
[, $root, $password, $admin] = $argv;
$_SERVER['HTTP_HOST'] = '127.0.0.1';
define('WP_INSTALLING', true);
require $root . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
function wp_mail() { return true; } // no mail from tests
wp_install('A site', $admin, "$admin@example.test", true, '', $password);
foreach (array_slice($argv, 4) as $name) {
    $id = wp_insert_user(['user_login' => $name, 'user_pass' => $password, 'user_email' => "$name@example.test", 'role' => 'subscriber']);
    if (is_wp_error($id)) {
        fwrite(STDERR, $id->get_error_message());
        exit(1);
    }
}
echo $GLOBALS['wp_version'];
