// A client of CometQL through go-sql-driver; `main interpolated` lets the driver put parameters into the text.
package main

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/go-sql-driver/mysql"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func open(key string) *sql.DB {
	config := mysql.NewConfig()
	config.User = "1"
	config.Passwd = key
	config.Net = "tcp"
	config.Addr = os.Getenv("HOST") + ":" + os.Getenv("PORT")
	config.DBName = "CometQL_v1"
	config.InterpolateParams = len(os.Args) > 1 && os.Args[1] == "interpolated"
	db := must(sql.Open("mysql", config.FormatDSN()))
	db.SetMaxOpenConns(1)
	return db
}

func number(err error) uint16 {
	var fault *mysql.MySQLError
	if errors.As(err, &fault) {
		return fault.Number
	}
	return 0
}

func main() {
	text := string(must(hex.DecodeString(os.Getenv("TEXT"))))
	online, offline := os.Getenv("ONLINE"), os.Getenv("OFFLINE")
	fmt.Println("wrong", number(open("wrong").Ping()))
	db := open(os.Getenv("KEY"))
	defer db.Close()
	change := func(name string, statement string, values ...any) {
		fmt.Println(name, must(must(db.Exec(statement, values...)).RowsAffected()))
	}
	read := func(name string, statement string, values ...any) {
		var id, message string
		if err := db.QueryRow(statement, values...).Scan(&id, &message); err != nil {
			panic(err)
		}
		fmt.Println(name, hex.EncodeToString([]byte(message)))
	}
	insert := "INSERT INTO users_messages (id, event, message) VALUES (?, ?, ?)"
	sel := "SELECT id, message FROM users_messages WHERE id = "
	change("auth", "INSERT INTO users_auth (id, hash) VALUES ("+offline+", 'hash-of-"+offline+"')")
	change("online", insert, online, "e", text)
	change("offline", insert, offline, "e", text)
	read("queue", sel+offline)
	read("prepared", sel+"?", offline)
	change("deleted", "DELETE FROM users_messages WHERE id = ?", offline)
	change("again", insert, offline, "e", text)
	_, err := db.Exec("INSERT INTO users_auth (id, hash) VALUES (1, 'a b')")
	fmt.Println("error", number(err))
}
