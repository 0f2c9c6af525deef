import customers.Client;
import customers.Client.*;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** Calls every operation of the generated Java client; prints the name of each that did what it is for. */
public final class Main {
    public static void main(String[] arguments) {
        Config config = new Config().serverUrl(arguments[0]).idempotencyKey(() -> UUID.randomUUID().toString());
        config.retry(new Retry().retries(3).delay(Duration.ofMillis(50)));
        Client client = new Client(config);

        Customer ada = client.createCustomer(create("Ada Byron", "ada@example.com"), null);
        done("createCustomer", ada.version() == 1 && ada.externalId() == null);
        done("getCustomer", client.getCustomer(ada.id()).equals(ada));
        CustomerUpdate phone = new CustomerUpdate(
            null, null, null, null, "+442079460123", null, null, null, null, null, null, null);
        done("updateCustomer", client.updateCustomer(ada.id(), phone, null).version() == 2);
        Customer replaced = client.replaceCustomer(ada.id(), replacement("Ada Lovelace", "crm:1"), null);
        done("replaceCustomer", replaced.version() == 3 && replaced.phone() == null);
        done("getCustomerByExternalId", client.getCustomerByExternalId("crm:1").id().equals(ada.id()));
        CustomerReplace grace = replacement("Grace Hopper", null);
        done("upsertCustomerByExternalId", client.upsertCustomerByExternalId("crm:2", grace, null).version() == 1);
        CustomerList page = client.listCustomers(new ListCustomersParams().sort("name"));
        List<String> names = page.items().stream().map(Customer::name).toList();
        done("listCustomers", names.equals(List.of("Ada Lovelace", "Grace Hopper")));
        client.deleteCustomer(ada.id());
        done("deleteCustomer", true);
        done("restoreCustomer", client.restoreCustomer(ada.id()).version() == 5);
        done("getCustomerHistory", client.getCustomerHistory(ada.id(), null).items().size() == 5);
        for (ServerSentEvent event : client.listChanges(new ListChangesParams().after("0"))) {
            // The stream begins with its position alone.
            if (event.event().equals("message")) continue;
            done("listChanges", "customer.created".equals(event.event()));
            break;
        }
        done("eraseCustomer", client.eraseCustomer(ada.id()).customerId().equals(ada.id()));
        // The stream of changes is still open, and so is the thread that reads it.
        System.exit(0);
    }

    private static CustomerCreate create(String name, String email) {
        return new CustomerCreate(null, null, name, email, null, null, null, null, null, null, null, null);
    }

    private static CustomerReplace replacement(String name, String externalId) {
        return new CustomerReplace(externalId, null, name, null, null, null, null, null, null, null, null, null);
    }

    private static void done(String operation, boolean isRight) {
        if (!isRight) throw new AssertionError(operation);
        System.out.println(operation);
    }
}
