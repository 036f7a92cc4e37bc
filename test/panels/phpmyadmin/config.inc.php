<?php
// phpMyAdmin as Debian packages it, before the test's own MariaDB.
$cfg['blowfish_secret'] = 'only for tests, thirty-two bytes';
[$host, $port] = explode(':', getenv('PANEL_DB_ADDRESS'));
$cfg['Servers'][1] = ['auth_type' => 'cookie', 'host' => $host, 'port' => $port, 'connect_type' => 'tcp'];
$cfg['VersionCheck'] = false;
$cfg['SendErrorReports'] = 'never';
