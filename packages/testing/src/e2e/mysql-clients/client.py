import os

import pymysql

text = bytes.fromhex(os.environ["TEXT"]).decode()
online = int(os.environ["ONLINE"])
offline = int(os.environ["OFFLINE"])
insert = "INSERT INTO users_messages (id, event, message) VALUES (%s, %s, %s)"


def connect(key):
    return pymysql.connect(
        host=os.environ["HOST"], port=int(os.environ["PORT"]), user="1", password=key, database="CometQL_v1"
    )


try:
    connect("wrong")
except pymysql.err.OperationalError as error:
    print("wrong", error.args[0])
with connect(os.environ["KEY"]).cursor() as cursor:
    print("auth", cursor.execute(f"INSERT INTO users_auth (id, hash) VALUES ({offline}, 'hash-of-{offline}')"))
    print("online", cursor.execute(insert, (online, "e", text)))
    print("offline", cursor.execute(insert, (offline, "e", text)))
    cursor.execute(f"SELECT id, message FROM users_messages WHERE id = {offline}")
    print("queue", cursor.fetchone()[1].encode().hex())
    cursor.execute("SELECT id, message FROM users_messages WHERE id = %s", (offline,))
    print("prepared", cursor.fetchone()[1].encode().hex())
    print("deleted", cursor.execute("DELETE FROM users_messages WHERE id = %s", (offline,)))
    print("again", cursor.execute(insert, (offline, "e", text)))
    try:
        cursor.execute("INSERT INTO users_auth (id, hash) VALUES (1, 'a b')")
    except pymysql.err.MySQLError as error:
        print("error", error.args[0])
