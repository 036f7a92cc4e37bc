package templates

// Key names one text of the catalogue (words/en.json).
type Key string

// Message is a text of the catalogue with the values of its {placeholders}. The zero Message is no message.
type Message struct {
	Key  Key
	Args []any // name, value, name, value …
}

// Say builds a Message: Say(LoginWait, "n", 30).
func Say(k Key, args ...any) Message { return Message{k, args} }

// IsZero reports whether there is nothing to say.
func (m Message) IsZero() bool { return m.Key == "" }

// The texts that code chooses between. {product}, {issuer} and {support} are always available.
const (
	LoginWrong        Key = "login.wrong"
	LoginWait         Key = "login.wait" // n
	LoginUnavailable  Key = "login.unavailable"
	LoginOutOfOrder   Key = "login.out_of_order"
	LoginEnded        Key = "login.ended"
	LoginLoggedOut    Key = "login.logged_out"
	LoginTooManyCodes Key = "login.too_many_codes"
	LoginConflict     Key = "login.conflict"    // the account cannot be told apart from another one; the administrator settles it
	LoginPanelAgain   Key = "login.panel_again" // the panel logged the person out while the code was entered; no code will be asked again

	TrustDays       Key = "verify.trust"       // n
	TrustHours      Key = "verify.trust_hours" // n
	VerifyRejected  Key = "verify.rejected"
	VerifyWait      Key = "verify.wait"   // n
	VerifyClosed    Key = "verify.closed" // the budget is empty
	RecoveryWrong   Key = "recovery.wrong"
	RecoveryUsed    Key = "recovery.used"     // n: how many are left
	RecoveryMakeNew Key = "recovery.make_new" // for Notice.More when three or fewer are left

	EnableWrong   Key = "enable.wrong"
	EnableAhead   Key = "enable.ahead"   // n minutes
	EnableBehind  Key = "enable.behind"  // n minutes
	EnableExpired Key = "enable.expired" // the QR code is older than 20 minutes: a new one is shown
	TicketWrong   Key = "ticket.wrong"
	EnrolForced   Key = "enrol.forced" // policy: the panel opens after this page

	DisableEmpty         Key = "disable.empty"
	DisableWrongPassword Key = "disable.wrong_password"
	DisabledHeading      Key = "disabled.heading"
	DisabledText         Key = "disabled.text"
	AlreadyHeading       Key = "already.heading" // "You are logged in"
	AlreadyText          Key = "already.text"
	EmergencyHeading     Key = "emergency.heading" // an emergency account is in; the panel does not know it
	EmergencyText        Key = "emergency.text"
	EmergencyLogout      Key = "emergency.logout"

	ErrNotFound        Key = "error.not_found"
	ErrNotFoundWhat    Key = "error.not_found.what"
	ErrNotFoundDo      Key = "error.not_found.do"
	ErrForbidden       Key = "error.forbidden"
	ErrForbiddenWhat   Key = "error.forbidden.what"
	ErrForbiddenDo     Key = "error.forbidden.do"
	ErrNoAccount       Key = "error.no_account" // our record of the account does not verify
	ErrNoAccountWhat   Key = "error.no_account.what"
	ErrNoAccountDo     Key = "error.no_account.do"
	ErrCrossSiteWhat   Key = "error.cross_site.what"
	ErrCrossSiteDo     Key = "error.cross_site.do"
	ErrNotDocumentWhat Key = "error.not_document.what"
	ErrBadRequest      Key = "error.bad_request"
	ErrBadRequestWhat  Key = "error.bad_request.what"
	ErrBadRequestDo    Key = "error.bad_request.do"
	ErrMisdirected     Key = "error.misdirected"
	ErrMisdirectedWhat Key = "error.misdirected.what"
	ErrMisdirectedDo   Key = "error.misdirected.do"
	ErrMethod          Key = "error.method"
	ErrMethodWhat      Key = "error.method.what"
	ErrTooMany         Key = "error.too_many"
	ErrTooManyWhat     Key = "error.too_many.what" // n
	ErrTooManyDo       Key = "error.too_many.do"
	ErrTooLarge        Key = "error.too_large"
	ErrTooLargeWhat    Key = "error.too_large.what"
	ErrPanelDown       Key = "error.panel_down" // "{product} is not answering"
	ErrPanelDownWhat   Key = "error.panel_down.what"
	ErrPanelDownDo     Key = "error.panel_down.do"
	ErrStoreDown       Key = "error.store_down" // Redis: "Nothing you did is lost …"
	ErrStoreDownWhat   Key = "error.store_down.what"
	ErrStoreDownDo     Key = "error.store_down.do"
	ErrNoLogin         Key = "error.no_login" // "We can't log anyone in right now": SQL
	ErrNoLoginWhat     Key = "error.no_login.what"
	ErrNoLoginDo       Key = "error.no_login.do"
	ErrLoggedOut       Key = "error.logged_out" // 401 for a form that was sent after the session ended
	ErrLoggedOutWhat   Key = "error.logged_out.what"
	ErrLoggedOutDo     Key = "error.logged_out.do"
	ErrLogInFirst      Key = "error.log_in_first" // told to scripts
	ErrInternal        Key = "error.internal"
	ErrInternalWhat    Key = "error.internal.what"
	ErrInternalDo      Key = "error.internal.do"
	ButtonBack         Key = "button.back"
	ButtonLogin        Key = "button.login"
	ButtonRetry        Key = "button.retry"
	ButtonContinue     Key = "button.continue"
)

// The headings that the pages choose themselves.
const (
	headLogin     Key = "login.title"
	headVerify    Key = "verify.title"
	headRecovery  Key = "recovery.title"
	headTwoFactor Key = "two_factor.title"
	headEnabled   Key = "codes.title_enabled"
	headNewCodes  Key = "codes.title_new"
	headDisable   Key = "disable.title"
	headOffer     Key = "offer.title"
	headLogout    Key = "logout.title"
)

// aboutField reports whether the message faults what was typed into a field; every other message is about the form.
func (m Message) aboutField() bool {
	switch m.Key {
	case LoginWrong, VerifyRejected, RecoveryWrong, EnableWrong, EnableAhead, EnableBehind, TicketWrong, DisableEmpty, DisableWrongPassword:
		return true
	}
	return false
}
