// This file lets package nofile declare a function without a body.
