package templates

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// sample is one page in one state.
type sample struct {
	name string
	page Page
}

var sampleTime = time.Date(2025, 3, 9, 8, 38, 0, 0, time.UTC)

// sampleQR looks like a QR code and is none.
func sampleQR() string {
	var path strings.Builder
	for i := range 45 * 45 {
		if x, y := i%45, i/45; (x*x*7+y*13+x*y*5)%11 < 5 {
			fmt.Fprintf(&path, "M%d %dh1v1h-1z", x, y)
		}
	}
	return (`<svg viewBox="0 0 45 45"><path d="` + path.String() + `"/></svg>`)
}

var sampleCodes = []string{
	"K7QM-2XVD-PA4R-9TCH", "W3FN-8GKB-ZM6E-5YQS", "H2DP-4RWX-C9VJ-7NAT", "B6YT-9MEQ-3KSF-2PHG", "X4CA-5VNZ-8DRW-6JKM",
	"P9GE-7HSB-2TYQ-4FXC", "M5RK-3WJA-6NPD-8VZE", "T8VX-6CQG-4BHM-3SYR", "D2NS-9FKP-7XWE-5QAC", "Q7ZJ-4YTB-8GMV-2RHD",
}

func samples() []sample {
	login := Login{Action: "/ispgate/login?return_to=%2Fcustomers%3Fpage%3D2", ForgotURL: "/forgot-password"}
	verify := Verify{Action: "/ispgate/verify", RecoveryURL: "/ispgate/recovery", RestartURL: "/ispgate/login"}
	recovery := Recovery{Action: "/ispgate/recovery", VerifyURL: "/ispgate/verify", RestartURL: "/ispgate/login"}
	off := TwoFactorOff{
		Action: "/ispgate/two-factor/enable", QR: sampleQR(), Key: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", Account: "operator@demo.isp",
		URI:     "otpauth://totp/ISPBills:operator@demo.isp?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=ISPBills",
		BackURL: "/",
	}
	on := TwoFactorOn{
		Since: sampleTime, CodesLeft: 8, NewCodes: "/ispgate/two-factor/recovery-codes", DisableURL: "/ispgate/two-factor/disable", BackURL: "/",
		Account: "operator@demo.isp",
	}
	disable := Disable{Action: "/ispgate/two-factor/disable", BackURL: "/ispgate/two-factor", Password: true}
	list := []sample{
		{"login", login},
		{"login-wrong", with(login, func(p *Login) { p.Username, p.Error = "operator@demo.isp", Say(LoginWrong) })},
		{"login-wait", with(login, func(p *Login) { p.Username, p.Error, p.Seconds = "operator", Say(LoginWait, "n", 30), 30 })},
		{"login-unavailable", with(login, func(p *Login) { p.Username, p.Error = "operator", Say(LoginUnavailable) })},
		{"login-ended", with(login, func(p *Login) { p.Username, p.Notice = "operator@demo.isp", Say(LoginEnded) })},
		{"login-label", with(login, func(p *Login) { p.UserLabel = "Staff number" })},
		{"verify", verify},
		{"verify-trust", with(verify, func(p *Verify) { p.Trust = Say(TrustDays, "n", 30) })},
		{"verify-rejected", with(verify, func(p *Verify) { p.Error, p.TriesLeft, p.Trust = Say(VerifyRejected), 2, Say(TrustHours, "n", 1) })},
		{"verify-wait", with(verify, func(p *Verify) { p.Error, p.Seconds = Say(VerifyWait, "n", 120), 120 })},
		{"verify-closed", with(verify, func(p *Verify) { p.Error, p.Closed = Say(VerifyClosed), true })},
		{"recovery", recovery},
		{"recovery-wrong", with(recovery, func(p *Recovery) { p.Error, p.TriesLeft, p.VerifyURL = Say(RecoveryWrong), 1, "" })},
		{"off", off},
		{"off-wrong", with(off, func(p *TwoFactorOff) { p.Error = Say(EnableBehind, "n", 3) })},
		{"off-forced", with(off, func(p *TwoFactorOff) {
			p.Notice, p.Forced, p.LogoutURL, p.BackURL, p.Ticket = Say(EnrolForced), true, "/ispgate/logout", "", true
		})},
		{"off-two-faults", with(off, func(p *TwoFactorOff) { p.Ticket, p.TicketErr, p.Error = true, Say(TicketWrong), Say(EnableWrong) })},
		{"off-expired", with(off, func(p *TwoFactorOff) { p.Error = Say(EnableExpired) })},
		{"codes-enabled", RecoveryCodes{Codes: sampleCodes, Account: "operator@demo.isp", Made: sampleTime, Enabled: true, ContinueURL: "/"}},
		{"codes-new", RecoveryCodes{Codes: sampleCodes, Account: "operator@demo.isp", Made: sampleTime, ContinueURL: "/"}},
		{"on", on},
		{"on-full", with(on, func(p *TwoFactorOn) { fillOn(p) })},
		{"on-wrong", with(on, func(p *TwoFactorOn) { p.NewCodesErr, p.CodesLeft = Say(VerifyRejected), 1 })},
		{"on-wait", with(on, func(p *TwoFactorOn) { p.NewCodesErr, p.Seconds, p.CodesLeft = Say(VerifyWait, "n", 30), 30, 0 })},
		{"disable", disable},
		{"disable-code", with(disable, func(p *Disable) { p.Password, p.Error = false, Say(VerifyRejected) })},
		{"disable-empty", with(disable, func(p *Disable) { p.Error = Say(DisableEmpty) })},
		{"disable-password", with(disable, func(p *Disable) { p.Error = Say(DisableWrongPassword) })},
		{"disable-wait", with(disable, func(p *Disable) { p.Error, p.Seconds = Say(VerifyWait, "n", 60), 60 })},
		{"offer", Offer{Action: "/ispgate/offer", SetupURL: "/ispgate/two-factor", Deadline: sampleTime}},
		{"offer-open", Offer{Action: "/ispgate/offer", SetupURL: "/ispgate/two-factor"}},
		{"logout", Logout{Action: "/ispgate/logout", BackURL: "/"}},
		{"notice", Notice{Heading: Say(DisabledHeading), Text: Say(DisabledText), ContinueURL: "/"}},
		{"notice-more", Notice{
			Heading: Say(AlreadyHeading), Text: Say(RecoveryUsed, "n", 3), ContinueURL: "/", More: Say(RecoveryMakeNew), MoreURL: "/ispgate/two-factor",
		}},
		{"error", Error{Heading: Say(ErrPanelDown), What: Say(ErrPanelDownWhat), Do: Say(ErrPanelDownDo), BackURL: "/", Button: Say(ButtonRetry)}},
		{"error-bare", Error{Heading: Say(ErrMethod), What: Say(ErrMethodWhat)}},
	}
	return list
}

// with is a copy of a page, changed.
func with[P Page](p P, change func(*P)) P {
	change(&p)
	return p
}

func fillOn(p *TwoFactorOn) {
	p.Notice, p.CodesLeft, p.Forget, p.LogoutRest = Say(RecoveryUsed, "n", 2), 2, "/ispgate/two-factor/browsers", "/ispgate/two-factor/sessions"
	p.Browsers = []BrowserRow{
		{ID: "b1", Current: true, Name: "Chrome on Android", Address: "203.0.113.7", Created: sampleTime.AddDate(0, -1, 2), LastUsed: sampleTime, TrustedUntil: sampleTime.AddDate(0, 1, 0)},
		{ID: "b2", Address: "2001:db8:0:1:aaaa:bbbb:cccc:dddd", Created: sampleTime.AddDate(0, -1, 2), LastUsed: sampleTime.AddDate(0, -1, 2)},
	}
	p.Sessions = []SessionRow{{true, sampleTime, "203.0.113.7", "Chrome on Android"}, {false, sampleTime, "2001:db8:0:1:aaaa:bbbb:cccc:dddd", "Firefox on Windows"}}
}

func testSet(t *testing.T, change func(*Look)) *Set {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Dhaka")
	if err != nil {
		t.Fatal(err)
	}
	l := Look{Product: "ISPBills", Support: "help@demo.isp", Issuer: "ISPBills", Timezone: zone}
	if change != nil {
		change(&l)
	}
	s, err := New(l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var sampleFrame = Frame{Lang: "en", Path: "/ispgate/login?return_to=%2Fa%26b", RequestID: "7f3a9c21d0e4", Now: sampleTime, Prefix: "/ispgate/"}

func render(t *testing.T, s *Set, p Page) string {
	t.Helper()
	var b strings.Builder
	if err := s.Render(&b, sampleFrame, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
