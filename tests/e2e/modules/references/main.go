// references: run a command with the variables that vault-env's library (vault-sdk) makes of the environment.
//
// The settings are vault-env's: VAULT_ADDR, VAULT_CACERT, VAULT_ROLE, VAULT_PATH, VAULT_AUTH_METHOD, VAULT_TRANSIT_KEY_ID,
// VAULT_TRANSIT_PATH.  Like vault-env, it removes them from the command's environment.
package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"

	injector "github.com/bank-vaults/vault-sdk/injector/vault"
	"github.com/bank-vaults/vault-sdk/vault"
)

// More ciphertexts than any test has.
const transitBatchSize = 100

func variables(client *vault.Client) ([]string, error) {
	config := injector.Config{
		TransitKeyID:     os.Getenv("VAULT_TRANSIT_KEY_ID"),
		TransitPath:      os.Getenv("VAULT_TRANSIT_PATH"),
		TransitBatchSize: transitBatchSize,
	}
	references := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "VAULT_") {
			references[name] = value
		}
	}
	var environment []string
	secrets := injector.NewSecretInjector(config, client, nil, slog.Default())
	err := secrets.InjectSecretsFromVault(references, func(name, value string) {
		environment = append(environment, name+"="+value)
	})
	return environment, err
}

func run(command []string) error {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	client, err := vault.NewClientWithOptions(
		vault.ClientRole(os.Getenv("VAULT_ROLE")),
		vault.ClientAuthPath(os.Getenv("VAULT_PATH")),
		vault.ClientAuthMethod(os.Getenv("VAULT_AUTH_METHOD")))
	if err != nil {
		return err
	}
	environment, err := variables(client)
	if err != nil {
		return err
	}
	return syscall.Exec(path, command, environment)
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: references COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, "references:", run(os.Args[1:]))
	os.Exit(1)
}
