package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, strings.ToUpper(string(b)))
	})
	server := &http.Server{Handler: mux}
	go server.Serve(l)
	go func() { // preempted by a signal
		for {
		}
	}()
	var wait sync.WaitGroup
	right := make([]int, 8)
	for g := range right {
		wait.Add(1)
		go func(g int) {
			defer wait.Done()
			for i := 0; i < 50; i++ {
				url := fmt.Sprintf("http://%s/g%d/%d", l.Addr(), g, i)
				r, err := http.Post(url, "text/plain", strings.NewReader("body"))
				if err != nil {
					fmt.Println(err)
					return
				}
				b, _ := io.ReadAll(r.Body)
				r.Body.Close()
				if string(b) == fmt.Sprintf("POST /g%d/%d BODY", g, i) {
					right[g]++
				}
			}
		}(g)
	}
	wait.Wait()
	fmt.Println(right)
	server.Close()
	_, err = net.DialTimeout("tcp", "127.0.0.1:9", time.Second)
	fmt.Println(err)
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		panic(err)
	}
	addresses, err := lo.Addrs()
	fmt.Println(lo.Index, lo.MTU, lo.Flags&net.FlagLoopback != 0, addresses, err)
	_, err = net.LookupHost("localhost")
	fmt.Println(err)
}
