// spdx-check FILE: is it a valid SPDX 2.3 document in JSON?  Read by SPDX's own library, its relationships
// checked; prints one line per package: name, version, licence.  Licences must be valid SPDX expressions.
package main

import (
	"fmt"
	"os"

	"github.com/github/go-spdx/v2/spdxexp"
	"github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/spdx/tools-golang/spdxlib"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "spdx-check:", err)
		os.Exit(1)
	}
}

func check(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var document v2_3.Document
	if err := json.ReadInto(file, &document); err != nil {
		return err
	}
	if err := spdxlib.ValidateDocument(&document); err != nil {
		return err
	}
	for _, p := range document.Packages {
		fmt.Println(p.PackageName, p.PackageVersion, p.PackageLicenseConcluded)
		if p.PackageLicenseConcluded == "NOASSERTION" {
			continue
		}
		if ok, invalid := spdxexp.ValidateLicenses([]string{p.PackageLicenseConcluded}); !ok {
			return fmt.Errorf("%s: no SPDX expression: %v", p.PackageName, invalid)
		}
	}
	return nil
}
