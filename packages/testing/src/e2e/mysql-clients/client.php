<?php
// client.php mysqli|pdo-emulated|pdo-native
$text = hex2bin(getenv('TEXT'));
$host = getenv('HOST');
$port = (int) getenv('PORT');
$key = getenv('KEY');
$online = (int) getenv('ONLINE');
$offline = (int) getenv('OFFLINE');

interface Way {
    public function connect(string $key): ?int;
    public function change(string $sql): int;
    public function transaction(string $sql): int;
    public function withoutAutocommit(string $sql): int;
    public function insert(int $user, string $text): int;
    public function message(string $sql): string;
    public function prepared(int $user): string;
    public function error(string $sql): int;
}

final class ViaMysqli implements Way {
    private mysqli $db;
    public function connect(string $key): ?int {
        global $host, $port;
        mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
        try {
            $this->db = new mysqli($host, '1', $key, 'CometQL_v1', $port);
        } catch (mysqli_sql_exception $e) {
            return $e->getCode();
        }
        return null;
    }
    public function change(string $sql): int {
        $this->db->query($sql);
        return $this->db->affected_rows;
    }
    public function transaction(string $sql): int {
        $this->db->begin_transaction();
        $affected = $this->change($sql);
        $this->db->commit();
        return $affected;
    }
    public function withoutAutocommit(string $sql): int {
        $this->db->autocommit(false);
        $affected = $this->change($sql);
        $this->db->commit();
        $this->db->autocommit(true);
        return $affected;
    }
    public function insert(int $user, string $text): int {
        $text = $this->db->real_escape_string($text);
        return $this->change("INSERT INTO users_messages (id, event, message) VALUES ($user, 'e', '$text')");
    }
    public function message(string $sql): string {
        return $this->db->query($sql)->fetch_assoc()['message'];
    }
    public function prepared(int $user): string {
        $statement = $this->db->prepare('SELECT id, message FROM users_messages WHERE id = ?');
        $statement->bind_param('i', $user);
        $statement->execute();
        $statement->bind_result($id, $message);
        $statement->fetch();
        $statement->close();
        return $message;
    }
    public function error(string $sql): int {
        try {
            $this->db->query($sql);
        } catch (mysqli_sql_exception $e) {
            return $e->getCode();
        }
        return 0;
    }
}

final class ViaPdo implements Way {
    private PDO $db;
    public function __construct(private bool $emulated) {}
    public function connect(string $key): ?int {
        global $host, $port;
        try {
            $this->db = new PDO("mysql:host=$host;port=$port;dbname=CometQL_v1;charset=utf8mb4", '1', $key, [
                PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
                PDO::ATTR_EMULATE_PREPARES => $this->emulated,
            ]);
        } catch (PDOException $e) {
            return (int) $e->errorInfo[1];
        }
        return null;
    }
    public function change(string $sql): int {
        return $this->db->exec($sql);
    }
    public function transaction(string $sql): int {
        $this->db->beginTransaction();
        $affected = $this->change($sql);
        $this->db->commit();
        return $affected;
    }
    public function withoutAutocommit(string $sql): int {
        $this->db->setAttribute(PDO::ATTR_AUTOCOMMIT, 0);
        $affected = $this->change($sql);
        $this->db->commit();
        $this->db->setAttribute(PDO::ATTR_AUTOCOMMIT, 1);
        return $affected;
    }
    public function insert(int $user, string $text): int {
        $statement = $this->db->prepare('INSERT INTO users_messages (id, event, message) VALUES (?, ?, ?)');
        $statement->execute([$user, 'e', $text]);
        return $statement->rowCount();
    }
    public function message(string $sql): string {
        return $this->db->query($sql)->fetch(PDO::FETCH_ASSOC)['message'];
    }
    public function prepared(int $user): string {
        $statement = $this->db->prepare('SELECT id, message FROM users_messages WHERE id = :id');
        $statement->execute(['id' => $user]);
        return $statement->fetch(PDO::FETCH_ASSOC)['message'];
    }
    public function error(string $sql): int {
        try {
            $this->db->exec($sql);
        } catch (PDOException $e) {
            return (int) $e->errorInfo[1];
        }
        return 0;
    }
}

$way = $argv[1] === 'mysqli' ? new ViaMysqli() : new ViaPdo($argv[1] === 'pdo-emulated');
$select = "SELECT id, message FROM users_messages WHERE id = $offline";
echo 'wrong ', $way->connect('wrong'), "\n";
echo $way->connect($key) ?? '';
echo 'auth ', $way->transaction("INSERT INTO users_auth (id, hash) VALUES ($offline, 'hash-of-$offline')"), "\n";
echo 'online ', $way->insert($online, $text), "\n";
echo 'offline ', $way->insert($offline, $text), "\n";
echo 'queue ', bin2hex($way->message($select)), "\n";
echo 'prepared ', bin2hex($way->prepared($offline)), "\n";
echo 'deleted ', $way->withoutAutocommit("DELETE FROM users_messages WHERE id = $offline"), "\n";
echo 'again ', $way->insert($offline, $text), "\n";
echo 'error ', $way->error("INSERT INTO users_auth (id, hash) VALUES (1, 'a b')"), "\n";
