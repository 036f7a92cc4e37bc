package config

import "time"

// Default gives the defaults of every key that has one. Without one are PublicURL, TrustedProxies (nobody), Panel.URL
// and Panel.Profile.
func Default() *Config {
	return &Config{
		Listen: []string{"127.0.0.1:8080"},
		Panel:  Panel{Timeout: 300 * time.Second, ID: "default", Cookies: "sealed"},
		Passwords: Passwords{
			Source: "panel",
		},
		Headers: Headers{User: "Remote-User", Role: "Remote-Role"},
		TwoFactor: TwoFactor{
			Policy:         "optional",
			Enrolment:      "auto",
			Issuer:         "ISPBills",
			Skew:           1,
			TrustedDevices: TrustedDevices{Enabled: true, Lifetime: 720 * time.Hour},
		},
		Sessions: Sessions{
			Idle:     30 * time.Minute,
			Absolute: 12 * time.Hour,
			Redis:    Redis{URL: "redis://127.0.0.1:6379/0"},
		},
		Database: Database{URL: "sqlite:///var/lib/ispgate/ispgate.db"},
		KeysFile: "/var/lib/ispgate/keys.yaml",
		Admin:    Admin{Listen: "127.0.0.1:9464"},
		UI: UI{
			Product:   "ISPBills",
			Accent:    "#1457d9",
			Languages: []string{"en"},
			Timezone:  dhaka(),
		},
		Audit: Audit{Retention: 8760 * time.Hour},
		Log:   Log{Level: "info", Format: "json", Access: "off"},
	}
}

func dhaka() *time.Location {
	if zone, err := time.LoadLocation("Asia/Dhaka"); err == nil {
		return zone
	}
	return time.FixedZone("Asia/Dhaka", 6*60*60) // no zone database: Bangladesh has no summer time
}
