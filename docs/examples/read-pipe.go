// Read the secrets that secret-exec hands over a pipe, as JSON, and print the one that is named.
//
//	go build read-pipe.go
//	secret-exec --secret app --fd 3 -- ./read-pipe PASSWORD
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
)

func readSecrets() (map[string]string, error) {
	fd, err := strconv.Atoi(os.Getenv("SECRETS_FD"))
	if err != nil {
		return nil, fmt.Errorf("SECRETS_FD: %w", err)
	}
	pipe := os.NewFile(uintptr(fd), "secrets")
	defer pipe.Close()

	var secrets map[string]string
	if err := json.NewDecoder(pipe).Decode(&secrets); err != nil {
		return nil, fmt.Errorf("reading the secrets: %w", err)
	}
	return secrets, nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: secret-exec --fd 3 ... -- ", os.Args[0], " NAME")
	}
	secrets, err := readSecrets()
	if err != nil {
		log.Fatal(err)
	}
	secret, found := secrets[os.Args[1]]
	if !found {
		log.Fatal("there is no secret ", os.Args[1])
	}
	fmt.Println(secret)
}
