import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.HttpsURLConnection;

/** Asks twice, as Java programs do: by java.net.http and by HttpsURLConnection. Prints the statuses. */
class Ask {
    static final URI CHAT = URI.create("https://api.openai.com/v1/chat/completions");

    static String body(String text) {
        return "{\"model\": \"gpt-4o-mini\", \"messages\": [{\"role\": \"user\", \"content\": \"" + text + "\"}]}";
    }

    public static void main(String[] args) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(CHAT).header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body("from HttpClient"))).build();
        System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode());

        HttpsURLConnection connection = (HttpsURLConnection) CHAT.toURL().openConnection();
        connection.setRequestProperty("content-type", "application/json");
        connection.setDoOutput(true);
        connection.getOutputStream().write(body("from HttpsURLConnection").getBytes(StandardCharsets.UTF_8));
        System.out.println(connection.getResponseCode());
    }
}
