// Package harness gives tests the real world: servers, a panel, the built program and a browser.
//
// Everything listens on loopback, in a process group of its own, writes below the test's temporary directory, and is
// gone when the test ends. Nothing is skipped: what is not installed fails the test with the name of its Debian package.
// Only tests import it.
//
//	server.go   start, stop, pause of one process     gateway.go  ispgate, built once, run and read
//	redis.go mariadb.go postgres.go laravel.go php.go     browser.go page.go  what Chromium would send, what came back
package harness
