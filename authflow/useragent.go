package authflow

import "strings"

// Words of a User-Agent that people know, the more telling ones first: Edge also says Chrome, and Chrome says Safari.
var (
	browsers = [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"},
		{"Chrome", "Chrome"}, {"CriOS", "Chrome"}, {"Safari", "Safari"}, {"curl", "curl"}}
	systems = [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "Mac"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}}
)

// browserName is how a list of sessions calls a browser: "Chrome on Android". It is for people to recognise, nothing decides by it.
func browserName(userAgent string) string {
	browser, system := known(browsers, userAgent), known(systems, userAgent)
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	default:
		return browser + system
	}
}

func known(words [][2]string, userAgent string) string {
	for _, w := range words {
		if strings.Contains(userAgent, w[0]) {
			return w[1]
		}
	}
	return ""
}
