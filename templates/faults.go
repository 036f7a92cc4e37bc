package templates

// fault is one thing that is wrong on a page: what, and the id of the field it is about (empty: the form).
type fault struct {
	Field string
	Message
}

func faultsOf(field string, m Message) []fault {
	switch {
	case m.IsZero():
		return nil
	case m.aboutField():
		return []fault{{field, m}}
	}
	return []fault{{"", m}}
}

func (Login) file() string      { return "login" }
func (Login) title() Message    { return Say(headLogin) }
func (p Login) faults() []fault { return faultsOf("password", p.Error) }

func (Verify) file() string      { return "verify" }
func (Verify) title() Message    { return Say(headVerify) }
func (p Verify) faults() []fault { return faultsOf("code", p.Error) }

func (Recovery) file() string      { return "recovery" }
func (Recovery) title() Message    { return Say(headRecovery) }
func (p Recovery) faults() []fault { return faultsOf("code", p.Error) }

func (TwoFactorOff) file() string   { return "two_factor_off" }
func (TwoFactorOff) title() Message { return Say(headTwoFactor) }
func (p TwoFactorOff) faults() []fault {
	var all []fault
	if p.Ticket {
		all = faultsOf("ticket", p.TicketErr)
	}
	return append(all, faultsOf("code", p.Error)...)
}

func (RecoveryCodes) file() string { return "recovery_codes" }
func (p RecoveryCodes) title() Message {
	if p.Enabled {
		return Say(headEnabled)
	}
	return Say(headNewCodes)
}
func (RecoveryCodes) faults() []fault { return nil }

func (TwoFactorOn) file() string      { return "two_factor_on" }
func (TwoFactorOn) title() Message    { return Say(headTwoFactor) }
func (p TwoFactorOn) faults() []fault { return faultsOf("code", p.NewCodesErr) }

func (Disable) file() string   { return "disable" }
func (Disable) title() Message { return Say(headDisable) }
func (p Disable) faults() []fault {
	if p.Error.Key == DisableWrongPassword && p.Password {
		return faultsOf("password", p.Error)
	}
	return faultsOf("code", p.Error)
}

func (Offer) file() string    { return "offer" }
func (Offer) title() Message  { return Say(headOffer) }
func (Offer) faults() []fault { return nil }

func (Logout) file() string    { return "logout" }
func (Logout) title() Message  { return Say(headLogout) }
func (Logout) faults() []fault { return nil }

func (Notice) file() string     { return "notice" }
func (p Notice) title() Message { return p.Heading }
func (Notice) faults() []fault  { return nil }

func (Error) file() string      { return "error" }
func (p Error) title() Message  { return p.Heading }
func (p Error) faults() []fault { return []fault{{"", p.Heading}} }
