package panel

import (
	"net/netip"
	"regexp"
	"time"

	"gopkg.in/yaml.v3"
)

// profileDecoder reads one layer of a profile into it.
type profileDecoder struct {
	decoder
	p       *Profile
	builtin bool
}

func newDecoder(p *Profile, l layer) *profileDecoder {
	return &profileDecoder{decoder{file: l.file, at: map[string]*yaml.Node{"": resolved(l.node)}}, p, l.builtin}
}

// read is the profile language: every key that a profile has.
func (d *profileDecoder) read(n *yaml.Node) {
	p := d.p
	var base string
	d.mapping(n, "", map[string]reader{
		"name":       d.text(&p.Name),
		"base":       d.text(&base),
		"login":      d.login,
		"verify":     d.path(&p.Verify, true),
		"signed_out": d.answers(&p.signedOut, anyTest),
		"signed_in":  d.answers(&p.signedIn, replayTest),
		"identity":   d.identity,
		"usernames":  d.usernames,
		"outcome":    d.outcomes,
		"limiter":    d.limiter,
		"logout":     d.logout,
		"home":       d.path(&p.Home, true),
		"routes":     d.routes,
		"cookies":    d.cookies,
		"forward":    d.forward,
	})
}

func (d *profileDecoder) login(n *yaml.Node, key string) {
	l := &d.p.Login
	d.mapping(n, key, map[string]reader{
		"page":     d.path(&l.Page, true),
		"user":     d.text(&l.User),
		"password": d.text(&l.Password),
		"set":      d.set,
		"take":     d.take,
		"as":       d.oneOf(&l.As, "form", "json", "basic"),
		"action":   d.path(&l.Action, true),
		"anywhere": d.flag(&l.Anywhere),
	})
}

// set: null is "not sent".
func (d *profileDecoder) set(n *yaml.Node, key string) {
	values := map[string]*string{}
	for k, v := range d.p.Login.Set {
		values[k] = v
	}
	d.entries(n, key, func(name string, k, v *yaml.Node) {
		switch {
		case v.Kind != yaml.ScalarNode:
			d.fault(v, join(key, name), "is neither a text nor null")
		case v.Tag == "!!null":
			values[name] = nil
		default:
			text := v.Value
			values[name] = &text
		}
	})
	d.p.Login.Set = values
}

func (d *profileDecoder) take(n *yaml.Node, key string) {
	values := map[string]*regexp.Regexp{}
	d.entries(n, key, func(name string, k, v *yaml.Node) {
		var re *regexp.Regexp
		d.regexp(&re)(v, join(key, name))
		if re != nil && re.NumSubexp() == 0 {
			d.fault(v, join(key, name), "has no group to take the value from")
		}
		values[name] = re
	})
	d.p.Login.Take = values
}

func (d *profileDecoder) identity(n *yaml.Node, key string) {
	i := &d.p.Identity
	d.mapping(n, key, map[string]reader{
		"page": d.path(&i.Page, true),
		"kind": d.oneOf(&i.Kind, "id", "email", "name"),
		"id":   d.selector(&i.ID),
		"name": d.selector(&i.Name),
		"role": d.selector(&i.Role),
	})
}

func (d *profileDecoder) selector(dst *Selector) reader {
	return func(n *yaml.Node, key string) {
		var css, json string
		*dst = Selector{}
		d.mapping(n, key, map[string]reader{"css": d.text(&css), "attr": d.text(&dst.Attr), "json": d.text(&json)})
		if err := dst.compile(css, json); err != nil {
			d.fault(n, key, "%v", err)
			dst.json = []string{} // meant to be read: no second fault for it
		}
	}
}

func (d *profileDecoder) usernames(n *yaml.Node, key string) {
	u := &d.p.Usernames
	d.mapping(n, key, map[string]reader{"fold": d.flag(&u.Fold), "pattern": func(n *yaml.Node, key string) {
		var re *regexp.Regexp
		d.regexp(&re)(n, key)
		if re == nil {
			return
		}
		whole, err := regexp.Compile(`\A(?:` + n.Value + `)\z`)
		if err != nil {
			d.fault(n, key, `has a \Q without its \E`)
			return
		}
		u.Pattern = whole
	}})
}

func (d *profileDecoder) outcomes(n *yaml.Node, key string) {
	o := &d.p.outcome
	d.mapping(n, key, map[string]reader{
		"stale":     d.answers(&o.stale, replayTest),
		"failed":    d.answers(&o.failed, replayTest),
		"throttled": d.answers(&o.throttled, replayTest),
		"challenge": d.answers(&o.challenge, headTest),
		"ok":        d.answers(&o.ok, headTest),
	})
}

func (d *profileDecoder) limiter(n *yaml.Node, key string) {
	l := &d.p.Limiter
	d.mapping(n, key, map[string]reader{"tries": d.number(&l.Tries, 1, 10000), "window": d.span(&l.Window, time.Second, 24*time.Hour)})
}

func (d *profileDecoder) cookies(n *yaml.Node, key string) {
	c := &d.p.Cookies
	d.mapping(n, key, map[string]reader{"session": d.globs(&c.Session), "visible": d.globs(&c.Visible), "drop": d.globs(&c.Drop)})
}

func (d *profileDecoder) forward(n *yaml.Node, key string) {
	f := &d.p.Forward
	d.mapping(n, key, map[string]reader{
		"host": d.text(&f.Host), "proto": d.oneOf(&f.Proto, "keep", "https", "http"), "client_ip": d.flag(&f.ClientIP),
		"authorization": d.flag(&f.Authorization), "service_worker": d.flag(&f.ServiceWorker),
	})
}

func (d *profileDecoder) routes(n *yaml.Node, key string) {
	p := d.p
	known := map[string]reader{"reset": d.rules(&p.reset, ChallengeRoute), "background": d.rules(&p.background, ChallengeRoute)}
	for kind := Deny; kind < kinds; kind++ {
		known[kind.String()] = d.rules(&p.routes[kind], kind)
	}
	d.mapping(n, key, known)
	p.folders = foldersOf(p.routes[Public])
}

func (d *profileDecoder) rules(dst *[]requestRule, kind Kind) reader {
	return func(n *yaml.Node, key string) {
		var out []requestRule
		d.list(n, key, func(item *yaml.Node, key string) {
			text, name, from := d.ruleText(item, key)
			r, err := compile(kind, text)
			if err != nil {
				d.fault(item, key, "%v", err)
				return
			}
			if !d.room(item, key, len(r.patterns)) {
				return
			}
			r.number, r.from, r.key, r.builtin = len(out)+1, from, key, d.builtin
			if name != "" {
				r.name = name
			}
			out = append(out, r)
		})
		*dst = out
	}
}

// ruleText reads "rule" or {rule: …, from: […], name: …}.
func (d *profileDecoder) ruleText(n *yaml.Node, key string) (text, name string, from []netip.Prefix) {
	if n.Kind != yaml.MappingNode {
		d.text(&text)(n, key)
		return text, "", nil
	}
	d.mapping(n, key, map[string]reader{
		"rule": d.text(&text), "name": d.text(&name),
		"from": func(n *yaml.Node, key string) {
			d.list(n, key, func(item *yaml.Node, key string) {
				prefix, err := netip.ParsePrefix(item.Value)
				if err != nil {
					d.fault(item, key, "is not a network like 192.0.2.0/24")
				}
				from = append(from, prefix.Masked())
			})
			if len(from) == 0 {
				d.fault(n, key, "can never match: the list is empty")
			}
		},
	})
	return text, name, from
}
