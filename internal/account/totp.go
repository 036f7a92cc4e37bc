package account

import (
	"crypto/subtle"
	"strings"
	"time"

	"github.com/pquerna/otp/hotp"
)

const (
	period     = 30 // seconds in a step, RFC 6238 §5.2
	digits     = 6
	driftSteps = 120 // an hour either side
)

func stepAt(t time.Time) int64 { return t.Unix() / period }

// matchStep returns the latest step of now±skew whose code this is. otp.Validate tells only yes or no. All steps are
// computed and compared whatever the outcome, so that time tells nothing.
func (s Secret) matchStep(code string, now time.Time, skew int) (int64, bool) {
	var step int64
	matched := 0
	for at := stepAt(now) - int64(skew); at <= stepAt(now)+int64(skew); at++ {
		want, ok := s.codeAt(at)
		if ok && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, matched = at, 1
		}
	}
	return step, matched == 1
}

// codeAt is TOTP(K, step) of RFC 6238 §4 with HMAC-SHA-1 and 6 digits.
func (s Secret) codeAt(step int64) (string, bool) {
	if s.IsZero() || step < 0 {
		return "", false
	}
	code, err := hotp.GenerateCode(s.base32(), uint64(step))
	return code, err == nil && len(code) == digits
}

// parseCode takes a code as typed: ASCII spaces and dashes go, exactly six ASCII digits remain. It stays text: as a number,
// "012345" would be five digits, and other scripts' digits would count (S25).
func parseCode(typed string) (string, bool) {
	code := strings.NewReplacer(" ", "", "-", "").Replace(typed)
	if len(code) != digits {
		return "", false
	}
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return "", false
		}
	}
	return code, true
}

// Drift tells how far a phone's clock is ahead (negative: behind), in whole steps, if code is its secret's code of some
// step within an hour. For enrolment only, on a secret that is not active: at a login the hint would confirm a future
// code (S27).
func Drift(s Secret, typed string, now time.Time) (time.Duration, bool) {
	code, ok := parseCode(typed)
	if !ok {
		return 0, false
	}
	for d := int64(0); d <= driftSteps; d++ {
		for _, off := range []int64{-d, d} {
			want, ok := s.codeAt(stepAt(now) + off)
			if ok && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
				return time.Duration(off) * period * time.Second, true
			}
		}
	}
	return 0, false
}
