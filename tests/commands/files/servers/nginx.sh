. ./lib.sh
p=$(port)
mkdir html; seq 300 > html/index.html
cat > conf <<X
worker_processes 2; daemon off; pid $d/pid; error_log $d/errors;
events { worker_connections 256; }
http {
    access_log off; client_body_temp_path $d/t1; proxy_temp_path $d/t2; fastcgi_temp_path $d/t3; uwsgi_temp_path $d/t4; scgi_temp_path $d/t5;
    sendfile on; tcp_nopush on; keepalive_requests 10000;
    server { listen 127.0.0.1:$p; root $d/html; location /up { proxy_pass http://127.0.0.1:$p/; } }
}
X
[ $(id -u) = 0 ] && echo 'user root;' >> conf
nginx -p $d -c $d/conf -e $d/errors & s=$!
listening $p
curl -s http://127.0.0.1:$p/ | md5sum
ab -q -k -c 8 -n 10000 http://127.0.0.1:$p/index.html | grep -E 'Complete requests|Failed requests|Non-2xx'
curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:$p/none
curl -s -r 0-10 http://127.0.0.1:$p/; echo
curl -s http://127.0.0.1:$p/up | md5sum
echo changed > html/index.html
kill -HUP $s
curl -s http://127.0.0.1:$p/
kill -QUIT $s; wait $s; echo status $?
grep -E 'emerg|alert|crit' errors
echo end
