// Package systest is what the tests of the built program share: each folder below it is a subject, and has nothing but
// tests. They know nslaunch by what it prints and does, and take expected values from none of its packages but the constants of config.
package systest
