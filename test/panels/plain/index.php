<?php
// A panel without a framework, as PHP tutorials write them: one file, $_SESSION, and a login that any address takes. What it
// says of a request is what PHP made of it.
session_name('panel_session');
session_start();
$users = ['clerk' => '1', 'boss' => '2'];
$path = strtok($_SERVER['REQUEST_URI'], '?');
$failed = false;
if (isset($_REQUEST['user_name'], $_REQUEST['pass_word'])) {
    if (isset($users[$_REQUEST['user_name']]) && $_REQUEST['pass_word'] === 'Secret-pass word 1') {
        session_regenerate_id(true);
        $_SESSION['user'] = $_REQUEST['user_name'];
        header('Location: /dashboard', true, 303);
        exit;
    }
    $failed = true;
}
$user = $_SESSION['user'] ?? '';
if ($path === '/login') {
    echo '<!doctype html><title>Log in</title>', $failed ? '<p>Wrong.</p>' : '',
        '<form method="post" action="/login"><input name="user_name"><input type="password" name="pass_word"><button>In</button></form>';
    exit;
}
if ($user === '' && !str_starts_with($path, '/open/')) {
    header('Location: /login', true, 302);
    exit;
}
if ($path === '/logout') {
    $_SESSION = [];
    header('Location: /login', true, 303);
    exit;
}
if (str_contains($_SERVER['HTTP_ACCEPT'] ?? '', 'application/json')) {
    header('Content-Type: application/json');
    $seen = array_filter($_SERVER, fn ($key) => !str_starts_with($key, 'PHP_') && $key !== 'argv', ARRAY_FILTER_USE_KEY);
    echo json_encode(['user' => $user, 'uri' => $_SERVER['REQUEST_URI'], 'server' => $seen, 'cookies' => (object) $_COOKIE, 'session' => session_id()], JSON_INVALID_UTF8_SUBSTITUTE);
    exit;
}
echo '<!doctype html><title>Panel</title><h1 id="id">', $users[$user] ?? '', '</h1><p id="name">', $user, '</p>';
