"""Calls every operation of the generated Python client; prints the name of each that did what it is for."""

import sys
import uuid

import customers as sdk

client = sdk.Client(sys.argv[1], retry={"retries": 3, "retry_delay": 0.05}, idempotency_key=lambda: str(uuid.uuid4()))

ada = client.create_customer(sdk.CustomerCreate(name="Ada Byron", email="ada@example.com"))
assert ada.version == 1 and ada.external_id is None
print("createCustomer")
assert client.get_customer(ada.id) == ada
print("getCustomer")
updated = client.update_customer(ada.id, sdk.CustomerUpdate(phone="+442079460123"), headers={"If-Match": ada.etag})
assert updated.version == 2
print("updateCustomer")
try:
    client.update_customer(ada.id, sdk.CustomerUpdate(note="late"), headers={"If-Match": ada.etag})
    raise AssertionError("written over")
except sdk.ApiError as refusal:
    assert refusal.status == 412 and refusal.body["code"] == "precondition_failed"
replaced = client.replace_customer(ada.id, sdk.CustomerReplace(name="Ada Lovelace", external_id="crm:1"))
assert replaced.version == 3 and replaced.phone is None
print("replaceCustomer")
assert client.get_customer_by_external_id("crm:1").id == ada.id
print("getCustomerByExternalId")
assert client.upsert_customer_by_external_id("crm:2", sdk.CustomerReplace(name="Grace Hopper")).version == 1
print("upsertCustomerByExternalId")
page = client.list_customers(sort="name")
assert [customer.name for customer in page.items] == ["Ada Lovelace", "Grace Hopper"], page
print("listCustomers")
client.delete_customer(ada.id)
print("deleteCustomer")
assert client.restore_customer(ada.id).version == 5
print("restoreCustomer")
assert [entry.version for entry in client.get_customer_history(ada.id).items] == [5, 4, 3, 2, 1]
print("getCustomerHistory")
for event in client.list_changes(after="0"):
    if event.event is None:
        continue  # The stream begins with its position alone.
    assert event.event == "customer.created", event
    break
print("listChanges")
assert client.erase_customer(ada.id).customer_id == ada.id
print("eraseCustomer")
