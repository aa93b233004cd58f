import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;

/** Client.java text|native */
public class Client {
  static final HexFormat HEX = HexFormat.of();

  static Connection connect(String key, boolean nativePrepares) throws SQLException {
    String url = "jdbc:mariadb://" + System.getenv("HOST") + ":" + System.getenv("PORT") + "/CometQL_v1";
    return DriverManager.getConnection(url + "?useServerPrepStmts=" + nativePrepares, "1", key);
  }

  static int insert(Connection db, String user, String text) throws SQLException {
    try (PreparedStatement statement =
        db.prepareStatement("INSERT INTO users_messages (id, event, message) VALUES (?, ?, ?)")) {
      statement.setInt(1, Integer.parseInt(user));
      statement.setString(2, "e");
      statement.setString(3, text);
      return statement.executeUpdate();
    }
  }

  static String hex(ResultSet rows) throws SQLException {
    rows.next();
    return HEX.formatHex(rows.getString("message").getBytes(StandardCharsets.UTF_8));
  }

  public static void main(String[] args) throws SQLException {
    boolean nativePrepares = args[0].equals("native");
    String text = new String(HEX.parseHex(System.getenv("TEXT")), StandardCharsets.UTF_8);
    String online = System.getenv("ONLINE");
    String offline = System.getenv("OFFLINE");
    try {
      connect("wrong", nativePrepares);
    } catch (SQLException error) {
      System.out.println("wrong " + error.getErrorCode());
    }
    try (Connection db = connect(System.getenv("KEY"), nativePrepares);
        Statement statement = db.createStatement()) {
      String auth = "INSERT INTO users_auth (id, hash) VALUES (" + offline + ", 'hash-of-" + offline + "')";
      System.out.println("auth " + statement.executeUpdate(auth));
      System.out.println("online " + insert(db, online, text));
      System.out.println("offline " + insert(db, offline, text));
      String select = "SELECT id, message FROM users_messages WHERE id = ";
      System.out.println("queue " + hex(statement.executeQuery(select + offline)));
      try (PreparedStatement prepared = db.prepareStatement(select + "?")) {
        prepared.setInt(1, Integer.parseInt(offline));
        System.out.println("prepared " + hex(prepared.executeQuery()));
      }
      String delete = "DELETE FROM users_messages WHERE id = " + offline;
      db.setAutoCommit(false);
      int deleted = statement.executeUpdate(delete);
      db.commit();
      System.out.println("deleted " + (db.getAutoCommit() ? "with autocommit" : deleted));
      db.setAutoCommit(true);
      System.out.println("again " + insert(db, offline, text));
      try {
        statement.executeUpdate("INSERT INTO users_auth (id, hash) VALUES (1, 'a b')");
      } catch (SQLException error) {
        System.out.println("error " + error.getErrorCode());
      }
    }
  }
}
