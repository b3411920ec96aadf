// An application that takes its secrets as JSON from the pipe that secret-exec left for it.
//
//	go build app.go
//	secret-exec --secret app --fd 3:json -- ./app
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// readSecrets returns the secrets by name.  Call it once: after reading, the pipe is empty.
func readSecrets() (map[string]string, error) {
	fd, err := strconv.Atoi(os.Getenv("SECRETS_FD"))
	if err != nil {
		return nil, fmt.Errorf("SECRETS_FD: %w", err)
	}
	os.Unsetenv("SECRETS_FD")
	pipe := os.NewFile(uintptr(fd), "secrets")
	defer pipe.Close()

	var secrets map[string]string
	if err := json.NewDecoder(pipe).Decode(&secrets); err != nil {
		return nil, fmt.Errorf("reading the secrets: %w", err)
	}
	return secrets, nil
}

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	secrets, err := readSecrets()
	if err != nil {
		log.Fatal(err)
	}
	for name, secret := range secrets {
		fmt.Printf("%s: %d bytes\n", name, len(secret))
	}
	// Here an application would do its work.
	<-stop
}
