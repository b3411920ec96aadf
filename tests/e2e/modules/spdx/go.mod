module e2e/spdx

go 1.25.0

require (
	github.com/github/go-spdx/v2 v2.8.0
	github.com/spdx/tools-golang v0.5.7
)

require github.com/anchore/go-struct-converter v0.1.0 // indirect
