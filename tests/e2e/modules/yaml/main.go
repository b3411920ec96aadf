// kubectl-secrets FILE...: print the Secrets that kubectl reads from manifests, a line of JSON for each file.
//
// The reader is the one of kubectl (StreamVisitor of cli-runtime adds nothing to it).  A refused file is
// {"refused": "..."}.  Values are in base64, as the API server would store them.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/util/yaml"
	kubejson "sigs.k8s.io/json"
)

// The members of a Secret to compare.
type secret struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name         string            `json:"name"`
		GenerateName string            `json:"generateName"`
		Namespace    string            `json:"namespace"`
		Labels       map[string]string `json:"labels"`
		Annotations  map[string]string `json:"annotations"`
	} `json:"metadata"`
	Type       string            `json:"type"`
	Immutable  *bool             `json:"immutable"`
	Data       map[string][]byte `json:"data"`
	StringData map[string]string `json:"stringData"`
}

type found struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Type        string            `json:"type"`
	Immutable   bool              `json:"immutable"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Values      map[string][]byte `json:"values"`
}

type kind struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Items      []json.RawMessage `json:"items"`
}

func notNil[T any](pairs map[string]T) map[string]T {
	if pairs == nil {
		return map[string]T{}
	}
	return pairs
}

func readSecret(raw []byte) (found, error) {
	var read secret
	if err := kubejson.UnmarshalCaseSensitivePreserveInts(raw, &read); err != nil {
		return found{}, err
	}
	values := notNil(read.Data)
	for key, text := range read.StringData {
		values[key] = []byte(text)
	}
	for key, value := range values {
		if value == nil {
			values[key] = []byte{}
		}
	}
	return found{
		Name:        read.Metadata.Name,
		Namespace:   read.Metadata.Namespace,
		Type:        read.Type,
		Immutable:   read.Immutable != nil && *read.Immutable,
		Labels:      notNil(read.Metadata.Labels),
		Annotations: notNil(read.Metadata.Annotations),
		Values:      values,
	}, nil
}

// inList: an object without a kind is a Secret.
func readObject(raw []byte, inList bool, secrets *[]found) error {
	var about kind
	if err := kubejson.UnmarshalCaseSensitivePreserveInts(raw, &about); err != nil {
		return err
	}
	if about.Kind == "Secret" && about.APIVersion == "v1" || about.Kind == "" && inList {
		read, err := readSecret(raw)
		*secrets = append(*secrets, read)
		return err
	}
	if about.APIVersion != "v1" || about.Kind != "List" && about.Kind != "SecretList" {
		return nil
	}
	for _, item := range about.Items {
		if bytes.Equal(item, []byte("null")) {
			return errors.New("an item that is null")
		}
		if err := readObject(item, about.Kind == "SecretList", secrets); err != nil {
			return err
		}
	}
	return nil
}

func readFile(path string) ([]found, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	secrets := []found{}
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return secrets, nil
		} else if err != nil {
			return nil, err
		}
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			continue
		}
		if err := readObject(raw, false, &secrets); err != nil {
			return nil, err
		}
	}
}

func main() {
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	for _, path := range os.Args[1:] {
		secrets, err := readFile(path)
		var line any = secrets
		if err != nil {
			line = map[string]string{"refused": err.Error()}
		}
		if err := output.Encode(line); err != nil {
			fmt.Fprintln(os.Stderr, "kubectl-secrets:", err)
			os.Exit(1)
		}
	}
}
