// dotenv-values: what godotenv reads in each file whose name is a line of standard input, as one line of JSON; null where
// it reports an error.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/joho/godotenv"
)

func main() {
	if err := answer(); err != nil {
		fmt.Fprintln(os.Stderr, "dotenv-values:", err)
		os.Exit(1)
	}
}

func answer() error {
	names := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for names.Scan() {
		values, err := godotenv.Read(names.Text())
		if err != nil {
			values = nil
		}
		if err := out.Encode(values); err != nil {
			return err
		}
	}
	return names.Err()
}
