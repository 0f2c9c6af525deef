// Calls every operation of the generated Go client; prints the name of each that did what it is for.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"customers"
)

func main() {
	ctx := context.Background()
	client := customers.New(customers.Config{
		ServerURL:      os.Args[1],
		Retry:          customers.RetryConfig{Retries: 3, RetryDelay: 50 * time.Millisecond},
		IdempotencyKey: randomKey,
	})

	email := "ada@example.com"
	ada, err := client.CreateCustomer(ctx, customers.CustomerCreate{Name: "Ada Byron", Email: to(to(email))}, nil)
	done("createCustomer", err, ada.Version == 1 && ada.ExternalId == nil)
	got, err := client.GetCustomer(ctx, ada.Id)
	done("getCustomer", err, got.Etag == ada.Etag && *got.Email == email)
	updated, err := client.UpdateCustomer(ctx, ada.Id, customers.CustomerUpdate{Phone: to(to("+442079460123"))}, nil)
	done("updateCustomer", err, updated.Version == 2)
	married := customers.CustomerReplace{Name: "Ada Lovelace", ExternalId: to(to("crm:1"))}
	replaced, err := client.ReplaceCustomer(ctx, ada.Id, married, nil)
	done("replaceCustomer", err, replaced.Version == 3 && replaced.Phone == nil)
	found, err := client.GetCustomerByExternalId(ctx, "crm:1")
	done("getCustomerByExternalId", err, found.Id == ada.Id)
	grace, err := client.UpsertCustomerByExternalId(ctx, "crm:2", customers.CustomerReplace{Name: "Grace Hopper"}, nil)
	done("upsertCustomerByExternalId", err, grace.Version == 1)
	page, err := client.ListCustomers(ctx, &customers.ListCustomersParams{Sort: to("name")})
	done("listCustomers", err, len(page.Items) == 2 && page.Items[0].Name == "Ada Lovelace")
	done("deleteCustomer", client.DeleteCustomer(ctx, ada.Id), true)
	var refusal *customers.APIError
	if _, err = client.GetCustomer(ctx, ada.Id); !errors.As(err, &refusal) || refusal.Status != 410 {
		log.Fatalf("a deleted customer: %v", err)
	}
	restored, err := client.RestoreCustomer(ctx, ada.Id)
	done("restoreCustomer", err, restored.Version == 5)
	history, err := client.GetCustomerHistory(ctx, ada.Id, nil)
	done("getCustomerHistory", err, len(history.Items) == 5)
	changes := client.ListChanges(ctx, &customers.ListChangesParams{After: to("0")})
	changes(func(event customers.ServerSentEvent, err error) bool {
		// The stream begins with its position alone.
		if err == nil && event.Event == "" {
			return true
		}
		done("listChanges", err, event.Event == "customer.created")
		return false
	})
	receipt, err := client.EraseCustomer(ctx, ada.Id)
	done("eraseCustomer", err, receipt.CustomerId == ada.Id)
}

// to makes a pointer; a member that may be absent and may be null is a pointer to a pointer.
func to[Value any](value Value) *Value {
	return &value
}

func randomKey() string {
	bytes := make([]byte, 16)
	if _, err := rand.Read(bytes); err != nil {
		log.Fatal(err)
	}
	return fmt.Sprintf("%x", bytes)
}

func done(operation string, err error, isRight bool) {
	if err != nil || !isRight {
		log.Fatalf("%s: %v", operation, err)
	}
	fmt.Println(operation)
}
