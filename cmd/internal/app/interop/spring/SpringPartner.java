import static org.springframework.security.config.Customizer.withDefaults;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.registration.ClientRegistrations;
import org.springframework.security.oauth2.client.registration.InMemoryClientRegistrationRepository;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A partner app on Spring Security's OAuth 2.0 log-in with its own defaults, and with back-channel log-out. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@RestController
public class SpringPartner {
    public static void main(String[] args) {
        String base = System.getenv("BASE");
        SpringApplication app = new SpringApplication(SpringPartner.class);
        app.setDefaultProperties(Map.of("server.port", base.substring(base.lastIndexOf(':') + 1), "server.address", "127.0.0.1"));
        app.run(args);
    }

    @Bean
    ClientRegistrationRepository registrations() {
        return new InMemoryClientRegistrationRepository(ClientRegistrations.fromIssuerLocation(System.getenv("ISSUER"))
            .registrationId("symbolon").clientId(System.getenv("CLIENT_ID")).clientSecret(System.getenv("CLIENT_SECRET"))
            .redirectUri("{baseUrl}/callback").scope("openid", "profile", "email").build());
    }

    @Bean
    SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository registrations) throws Exception {
        var signedOut = new OidcClientInitiatedLogoutSuccessHandler(registrations);
        signedOut.setPostLogoutRedirectUri("{baseUrl}/signed-out");
        return http
            .authorizeHttpRequests(requests -> requests.requestMatchers("/", "/signed-out").permitAll().anyRequest().authenticated())
            .oauth2Login(login -> login.redirectionEndpoint(redirection -> redirection.baseUri("/callback")))
            .oidcLogout(logout -> logout.backChannel(withDefaults()))
            .logout(logout -> logout.logoutRequestMatcher(request -> request.getRequestURI().equals("/logout")).logoutSuccessHandler(signedOut))
            .build();
    }

    @GetMapping("/")
    Map<String, Object> ready() {
        return Map.of("ready", true);
    }

    @GetMapping("/signed-out")
    Map<String, Object> signedOut() {
        return Map.of();
    }

    @GetMapping("/books")
    Map<String, Object> books(@AuthenticationPrincipal OidcUser user) {
        return Map.of("id_token", user.getIdToken().getClaims(), "userinfo", user.getUserInfo().getClaims(), "token_type", "Bearer");
    }
}
