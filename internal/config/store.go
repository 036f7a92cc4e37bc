package config

import (
	"errors"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Faults of these URLs never show them: they hold passwords.

var (
	errRedis    = errors.New("wants redis://[user:password@]host:port/number, or rediss:// for TLS (special characters of the password as %XX)")
	errDatabase = errors.New("wants sqlite:///path, postgres://user:password@host/name or mysql://user:password@host/name (special characters of the password as %XX)")
	redisNumber = regexp.MustCompile(`^(/[0-9]{0,4})?$`)
)

// redisURL takes no parameters: one of the client's own would switch off the check of certificates.
func redisURL(text string) (Secret, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || !isReachable(u) || !redisNumber.MatchString(u.Path):
		return "", errRedis
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return "", errors.New("takes no parameters after ? or # (those characters in a password as %3F, %23)")
	}
	return Secret(text), nil
}

func databaseURL(text string) (Secret, error) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || strings.Contains(text, "#") {
		return "", errDatabase
	}
	switch u.Scheme {
	case "sqlite":
		return sqliteURL(text)
	case "postgres":
		if socket := u.Query().Get("host"); u.Host == "" && strings.HasPrefix(socket, "/") && isDatabaseName(u.Path) {
			return Secret(text), nil
		}
	case "mysql":
	default:
		return "", errDatabase
	}
	if !isReachable(u) || !isDatabaseName(u.Path) {
		return "", errDatabase
	}
	return Secret(text), nil
}

func sqliteURL(text string) (Secret, error) {
	file, ok := strings.CutPrefix(text, "sqlite://")
	if !ok || !path.IsAbs(file) || path.Clean(file) != file || file == "/" {
		return "", errors.New("wants sqlite:///path, the absolute path of a file")
	}
	if strings.ContainsAny(file, "?%") {
		return "", errors.New("takes no parameters, and no % in the path")
	}
	return Secret(text), nil
}

func isReachable(u *url.URL) bool {
	return isHost(u.Hostname()) && !strings.HasSuffix(u.Host, ":") && (u.Port() == "" || isPort(u.Port(), 1))
}

func isDatabaseName(path string) bool {
	return len(path) > 1 && !slices.Contains([]byte(path[1:]), '/')
}

// redisDatabase is the number at the end of a URL that redisURL took.
func redisDatabase(text string) int {
	u, err := url.Parse(text)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.Trim(u.Path, "/"))
	return n
}
