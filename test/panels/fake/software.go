package fake

import "net/http"

// found is the answer that most logins give to a right password.
func found(to string) Reply { return Reply{Status: http.StatusFound, To: to} }

const wrongText = "These credentials do not match our records."

// LibreNMS is a Laravel application: a wrong password leads back to the Referer, the text is on the next page.
func LibreNMS() Behaviour {
	return Behaviour{
		Proto: true, Page: "/login", Action: "{origin}/login", Name: "username", Pass: "password", Token: "_token",
		Extra: `<input type="checkbox" name="remember"><button>Login</button>`, Never: []string{"remember"},
		Right: found("{origin}/overview"), Wrong: Reply{Status: http.StatusFound, To: "{referer}", Says: wrongText},
		Throttled: Reply{Status: http.StatusFound, To: "{referer}", Says: "Too many login attempts. Please try again in 37 seconds."},
		Stale:     Reply{Status: 419, Says: "Page Expired"}, StaleFirst: true,
		Stranger: found("{origin}/login"), Script: Reply{Status: http.StatusUnauthorized, Says: `{"message":"Unauthenticated."}`, Type: "application/json"},
		Cookie: "librenms_session", Renews: true, Cookies: []Cookie{{"XSRF-TOKEN", "/", true}},
		Late: []string{"remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d=forever; Path=/; Max-Age=157680000; HttpOnly"},
		Home: "/overview", Logout: "POST /logout",
	}
}

// PHPMyAdmin shows its form to strangers on any address, and takes a login on any.
func PHPMyAdmin() Behaviour {
	return Behaviour{
		Proto: true, Page: "/index.php?route=/", Mixed: true, Action: "index.php?route=/", Name: "pma_username", Pass: "pma_password", Token: "token",
		Around: `<form method="get" action="index.php?route=/"><input type="hidden" name="token" value="x"><select name="lang"><option value="en">English</option></select></form>`,
		Extra:  `<input type="hidden" name="set_session" value="{session}"><select name="server" disabled><option value="1">a</option></select><input type="submit" value="Log in">`,
		Wants:  map[string]string{"set_session": "{session}"}, Never: []string{"server", "lang"}, Anywhere: true,
		Right: found("./index.php?route=/"), Wrong: Reply{Form: true, Says: "Cannot log in to the MySQL server"},
		Throttled: Reply{Status: http.StatusTooManyRequests, Says: "slow down"}, Stale: Reply{Form: true, Says: "Failed to set session cookie."},
		Stranger: Reply{Form: true}, Script: Reply{Type: "application/json", Says: `{"redirect_flag":"1","success":false}`},
		Cookie: "phpMyAdmin", Suffix: "_https", Cookies: []Cookie{{"pmaUser-1", "/", false}, {"pmaAuth-1", "/", false}},
		Home: "/index.php?route=/", Logout: "POST /index.php?route=/logout", Me: "/index.php?route=/preferences/manage&ajax_request=1",
	}
}

// WordPress wants its test cookie back, and gives one cookie twice, for two Paths.
func WordPress() Behaviour {
	return Behaviour{
		Proto: true, Page: "/wp-login.php", Action: "{origin}/wp-login.php", Name: "log", Pass: "pwd",
		Held:  true,
		Extra: `<input name="rememberme" type="checkbox" value="forever"><input type="submit" name="wp-submit" value="Log In"><input type="hidden" name="redirect_to" value="{origin}/wp-admin/"><input type="hidden" name="testcookie" value="1">`,
		Wants: map[string]string{"testcookie": "1", "wp-submit": "Log In"}, Never: []string{"rememberme"},
		Right: found("{origin}/wp-admin/"), Wrong: Reply{Form: true, Says: `<div id="login_error">The password is incorrect.</div>`},
		Throttled: Reply{Form: true, Says: `<div id="login_error">Too many failed login attempts. Please try again in 20 minutes.</div>`},
		Stale:     Reply{Form: true, Says: `<div id="login_error">Cookies are blocked.</div>`},
		Stranger:  found("{origin}/wp-login.php?redirect_to={path}&reauth=1"), Script: Reply{Status: http.StatusBadRequest, Says: "0"},
		Cookie: "wordpress_logged_in_5c01", Cookies: []Cookie{{"wordpress_5c01", "/wp-admin", false}, {"wordpress_5c01", "/wp-content/plugins", false}},
		Home: "/wp-admin/", Logout: "GET /wp-login.php?action=logout",
	}
}

// Django compares the form's token with a cookie and, over https, the Referer with its own origin.
func Django() Behaviour {
	return Behaviour{
		Proto: true, Page: "/admin/login/", Action: "", Name: "username", Pass: "password", Token: "csrfmiddlewaretoken", TokenCookie: "csrftoken", Referer: true,
		Extra: `<input type="hidden" name="next" value="/admin/"><input type="submit" value="Log in">`,
		Right: found("/admin/"), Wrong: Reply{Form: true, Says: `<p class="errornote">Please enter the correct username and password.</p>`},
		Throttled: Reply{Status: http.StatusTooManyRequests, Says: "slow down"}, Stale: Reply{Status: http.StatusForbidden, Says: "CSRF verification failed. Request aborted."}, StaleFirst: true,
		Stranger: found("/admin/login/?next={path}"), Cookie: "sessionid", Home: "/admin/", Logout: "POST /admin/logout/",
	}
}

// Zabbix wants its button, not its box, and has a new cookie in every answer.
func Zabbix() Behaviour {
	return Behaviour{
		Page: "/index.php", Action: "index.php", Name: "name", Pass: "password",
		Extra: `<input type="checkbox" name="autologin" value="1" checked><button type="submit" name="enter" value="Sign in">Sign in</button>`,
		Wants: map[string]string{"enter": "Sign in"}, Never: []string{"autologin"},
		Right: found("zabbix.php?action=dashboard.view"), Wrong: Reply{Form: true, Says: "Incorrect user name or password or account is temporarily blocked."},
		Throttled: Reply{Form: true, Says: "Account is blocked for 30 seconds."}, Stale: Reply{Form: true},
		Stranger: Reply{Says: "<title>Warning</title>You are not logged in"}, Script: Reply{Type: "application/json", Says: `{"error":{"title":"You are not logged in"}}`},
		Cookie: "zbx_session", Renews: true, Home: "/zabbix.php?action=dashboard.view", Logout: "GET /index.php?reconnect=1",
	}
}

// Icinga looks whether cookies come back before it shows its form.
func Icinga() Behaviour {
	return Behaviour{
		Page: "/authentication/login", Hops: []string{"/authentication/login?_checkCookie=1"}, Action: "/authentication/login", Name: "username", Pass: "password", Token: "CSRFToken",
		Extra: `<input type="hidden" name="formUID" value="form_login"><input type="hidden" name="redirect" value=""><input type="checkbox" name="rememberme" value="1"><input type="submit" name="btn_submit" value="Login">`,
		Wants: map[string]string{"formUID": "form_login", "btn_submit": "Login"}, Never: []string{"rememberme"},
		Right: found("/dashboard"), Wrong: Reply{Form: true, Says: `<ul class="errors"><li>Incorrect username or password</li></ul>`},
		Throttled: Reply{Status: http.StatusTooManyRequests, Says: "slow down"}, Stale: Reply{Form: true, Says: "The form expired"},
		Stranger: found("/authentication/login?redirect={path}"), Script: Reply{Status: http.StatusForbidden, Says: "login first"},
		Cookie: "Icingaweb2", Home: "/dashboard", Logout: "GET /authentication/logout",
	}
}

// OSTicket binds a session to the exact User-Agent.
func OSTicket() Behaviour {
	return Behaviour{
		Page: "/scp/login.php", Action: "login.php", Name: "userid", Pass: "passwd", Token: "__CSRFToken__", Bound: []string{"User-Agent"},
		Extra: `<input type="hidden" name="do" value="scplogin"><button class="submit" type="submit" name="submit">Log In</button>`, Wants: map[string]string{"do": "scplogin"},
		Right: found("index.php"), Wrong: Reply{Form: true, Says: "Invalid login"}, Throttled: Reply{Form: true, Says: "Excessive failed login attempts"}, Stale: Reply{Form: true, Says: "Invalid CSRF token"},
		Stranger: found("/scp/login.php"), Script: Reply{Status: http.StatusForbidden, Says: "login required"},
		Cookie: "OSTSESSID", Home: "/scp/index.php", Logout: "GET /scp/logout.php",
	}
}

// GLPI calls its fields differently on every view.
func GLPI() Behaviour {
	return Behaviour{
		Page: "/index.php", Action: "/front/login.php", Post: "/front/login.php", Random: true, Token: "_glpi_csrf_token",
		Extra: `<input type="checkbox" name="fieldc1" checked><button type="submit" name="submit">Post</button>`,
		Right: found("/front/central.php"), Wrong: Reply{Says: `Incorrect username or password <a href="/index.php">Log in again</a>`},
		Throttled: Reply{Status: http.StatusTooManyRequests, Says: "slow down"}, Stale: Reply{Status: http.StatusForbidden, Says: "The CSRF token is invalid"},
		Stranger: found("/index.php?redirect={path}"), Cookie: "glpi_8f2a", Home: "/front/central.php", Logout: "GET /front/logout.php",
	}
}

// Grafana's login is a JSON call of its page.
func Grafana() Behaviour {
	return Behaviour{
		Page: "/login", Markup: `<!doctype html><div id="reactRoot"></div><script src="/public/app.js"></script>`, Name: "user", Pass: "password", JSON: true,
		Right: Reply{Type: "application/json", Says: `{"message":"Logged in","redirectUrl":"/"}`}, Wrong: Reply{Status: http.StatusUnauthorized, Type: "application/json", Says: `{"message":"Invalid username or password"}`},
		Throttled: Reply{Status: http.StatusTooManyRequests, Says: "slow down"},
		Stranger:  found("/login"), Script: Reply{Status: http.StatusUnauthorized, Type: "application/json", Says: `{"message":"Unauthorized"}`},
		Cookie: "grafana_session", Home: "/", Logout: "GET /logout", Free: true,
	}
}

// Nagios asks by HTTP Basic.
func Nagios() Behaviour { return Behaviour{Basic: true, Home: "/nagios/"} }

// Odoo sends 303, and answers scripts 200 with an error inside.
func Odoo() Behaviour {
	return Behaviour{
		Page: "/web/login", Action: "/web/login", Name: "login", Pass: "password", Token: "csrf_token",
		Extra: `<input type="hidden" name="redirect"><button type="submit">Log in</button>`,
		Right: Reply{Status: http.StatusSeeOther, To: "{origin}/web"}, Wrong: Reply{Form: true, Says: "Wrong login/password"},
		Throttled: Reply{Status: http.StatusTooManyRequests, Says: "slow down"}, Stale: Reply{Status: http.StatusBadRequest, Says: "Session expired (invalid CSRF token)"},
		Stranger: Reply{Status: http.StatusSeeOther, To: "/web/login"}, Script: Reply{Type: "application/json", Says: `{"error":{"code":100,"message":"Odoo Session Expired"}}`},
		Cookie: "session_id", Home: "/web", Logout: "GET /web/session/logout",
	}
}

// PostfixAdmin's form has no action, and its redirects are relative.
func PostfixAdmin() Behaviour {
	return Behaviour{
		Page: "/login.php", Action: "", Name: "fUsername", Pass: "fPassword", Token: "token",
		Extra: `<select name="lang"><option value="bn">Bangla</option><option value="en" selected>English</option></select><input type="submit" name="submit" value="Login">`,
		Wants: map[string]string{"lang": "en", "submit": "Login"},
		Right: found("main.php"), Wrong: Reply{Form: true, Says: "Your login is not correct."}, Throttled: Reply{Form: true, Says: "Too many attempts"}, Stale: Reply{Form: true, Says: "Invalid token!"},
		Stranger: found("login.php"), Cookie: "PHPSESSID", Home: "/main.php", Logout: "GET /logout.php",
	}
}
