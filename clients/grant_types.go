package clients

import "slices"

// validateGrants looks at the grant types that have a URN for a name, and at what belongs to them.
func (m *Metadata) validateGrants(found *problems, r Rules) {
	exchange, bearer := slices.Contains(m.GrantTypes, GrantTokenExchange), slices.Contains(m.GrantTypes, GrantJWTBearer)
	public := m.TokenEndpointAuthMethod == AuthMethodNone
	for _, grant := range []struct {
		name string
		set  bool
	}{{"token-exchange", exchange}, {"jwt-bearer", bearer}} {
		switch {
		case grant.set && !r.Administrator:
			found.add("grant_types", "has "+grant.name+", which can only be given by an administrator")
		case grant.set && public:
			found.add("grant_types", "has "+grant.name+", which a client without a secret cannot use: choose another token_endpoint_auth_method")
		}
	}
	if exchange && len(m.Audience) == 0 {
		found.add("audience", "is missing: token-exchange needs at least one that tokens may be exchanged for")
	}
	if len(m.TokenExchangeClients) > 0 && !exchange {
		found.add("token_exchange_clients", "is there, but token-exchange is not in grant_types")
	}
	if checkList(found, "token_exchange_clients", m.TokenExchangeClients) {
		for _, id := range m.TokenExchangeClients {
			if id == "" || len(id) > maxID {
				found.add("token_exchange_clients", "must hold ids of clients, of 1 to 2,048 characters")
			}
		}
	}
}

// signsIn says whether the client has a grant type by which a person signs in, and with it something to refresh.
func (m *Metadata) signsIn() bool {
	return slices.Contains(m.GrantTypes, GrantAuthorizationCode) || slices.Contains(m.GrantTypes, GrantDeviceCode)
}
