package panel

import "testing"

// TestS15_FoldedFields: PHP drops what follows an index and is no other one.
func TestS15_FoldedFields(t *testing.T) {
	for name, want := range map[string]string{
		"password": "password", "Pass word": "pass_word", "login[user]": "login[user]", "login[user]x": "login[user]", "login[user][": "login[user]",
		"login[user]]": "login[user]", "login[user].y": "login[user]", "login[user][a]": "login[user][a]", "login[user][a]z": "login[user][a]", "login[user": "login_user",
	} {
		if got := foldedField(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
