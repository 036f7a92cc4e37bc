package traps

import (
	"testing"

	"github.com/ispgate/ispgate/test/panels/fake"
)

// table is the software that is known, each with what an operator would write for it.
var table = []struct {
	name    string
	plays   fake.Behaviour
	page    string // guarded
	profile string
}{
	{"LibreNMS", fake.LibreNMS(), "/devices", `
base: laravel
verify: /preferences
usernames: {fold: true, pattern: '^[a-z0-9._-]{1,64}$'}
`},
	{"phpMyAdmin", fake.PHPMyAdmin(), "/index.php?route=/server/databases", `
base: phpmyadmin
`},
	{"WordPress", fake.WordPress(), "/wp-admin/users.php", `
base: wordpress
outcome: {throttled: [{body: 'Too many failed login attempts'}]}
`},
	{"Django", fake.Django(), "/admin/auth/user/", `
base: django-admin
`},
	{"Zabbix", fake.Zabbix(), "/zabbix.php?action=host.list", `
base: generic
login: {page: /index.php, user: name, password: password, set: {autologin: null}}
verify: '/zabbix.php?action=userprofile.edit'
signed_out: [{body: 'You are not logged in'}]
outcome: {failed: [{body: 'Incorrect user name'}], throttled: [{body: 'blocked for ([0-9]+) seconds'}]}
routes: {logout: ['/index.php?reconnect=1']}
cookies: {session: [zbx_session]}
`},
	{"Icinga Web 2", fake.Icinga(), "/monitoring/list/hosts", `
base: icingaweb2
`},
	{"osTicket", fake.OSTicket(), "/scp/tickets.php", `
login: {page: /scp/login.php, user: userid, password: passwd}
verify: /scp/profile.php
signed_out: [{location: '^/scp/login[.]php'}, {status: 403, ajax: true}]
outcome: {failed: [{body: 'Invalid login'}], throttled: [{body: 'Excessive failed login'}]}
routes: {logout: [/scp/logout.php]}
cookies: {session: [OSTSESSID]}
`},
	{"GLPI", fake.GLPI(), "/front/ticket.php", `
login: {page: /index.php}
verify: /front/preference.php
signed_out: [{location: '^/index[.]php[?]redirect='}]
outcome: {throttled: [{status: 429}]}
routes: {logout: [/front/logout.php]}
cookies: {session: ['glpi_*']}
`},
	{"Grafana", fake.Grafana(), "/dashboards", `
login: {page: /login, user: user, password: password, as: json}
verify: /profile
signed_out: [{status: 401}, {location: '^/login'}]
routes: {logout: [/logout]}
cookies: {session: [grafana_session]}
`},
	{"Nagios", fake.Nagios(), "/nagios/cgi-bin/status.cgi", `
base: http-basic
verify: /nagios/
`},
	{"Odoo", fake.Odoo(), "/web/settings", `
login: {page: /web/login, user: login, password: password}
verify: /web
signed_out: [{location: '^/web/login'}, {body: 'Odoo Session Expired'}]
routes: {logout: [/web/session/logout]}
cookies: {session: [session_id]}
`},
	{"PostfixAdmin", fake.PostfixAdmin(), "/list-domain.php", `
login: {page: /login.php}
verify: /main.php
signed_out: [{location: '^/login[.]php'}]
outcome: {throttled: [{body: 'Too many attempts'}]}
routes: {logout: [/logout.php]}
cookies: {session: [PHPSESSID]}
`},
}

func TestEveryPanelOfTheTable(t *testing.T) {
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, row.plays, row.profile+generous, row.page)
			if !row.plays.Basic {
				w.throttled()
			}
			w.proof(!row.plays.Basic)
		})
	}
}
