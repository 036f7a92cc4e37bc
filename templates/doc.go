// Package templates holds what people see: the HTML of every page, one stylesheet, the optional script, and the words.
//
// It owns one typed struct per page (pages.go), the catalogue of texts (words/<language>.json) and the static files
// under content-hashed names. It knows nothing of requests, sessions or why a page is shown.
package templates
